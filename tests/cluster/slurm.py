"""A real Slurm on this machine for the tests: one node on loopback, memory limits enforced by killing, no accounting.

Everything lies in one temporary folder but for the link /etc/slurm/slurm.conf: inside an allocation the executor plugin
drops SLURM_CONF from the environment, so that no other place would be found.
"""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "scontrol", "munged")
APT_LINE = "apt-get install -y --no-install-recommends slurmctld slurmd slurm-client munge"
LINK = Path("/etc/slurm/slurm.conf")
CTLD_PORT, NODE_PORT = 26817, 26818  # not Slurm's own 6817 and 6818
DAEMONS = ("munged", "slurmctld", "slurmd")
CONF = """\
ClusterName=cetux
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmdPort={node_port}
AuthType=auth/munge
# a job whose node was lost may start again when its old credential has expired: after 5 s instead of 2 min
AuthInfo=socket={folder}/munge.socket,cred_expire=5
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=1
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
KillWait=2
# two jobs a processor: half of a job's seconds are waiting
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb}
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE
"""


class SlurmError(Exception):
    """Slurm cannot run here; says what to do."""


def problem() -> str:
    """Why Slurm cannot be started on this machine, empty if it can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"the cluster tests need a real Slurm; missing: {', '.join(missing)}. As root: {APT_LINE}"
    if os.geteuid() != 0:
        return "the cluster tests start Slurm's daemons, which needs root: run `make cluster-test` as root"
    if LINK.exists():
        killed = f"if one was killed, end the processes of {LINK.resolve().parent}/*.pid and remove the link"
        return f"{LINK} exists: this machine belongs to a cluster, or a cluster test runs on it ({killed})"
    return ""


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 300) -> None:
    """Poll until the condition holds; TimeoutError, naming what was awaited, where it does not."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout_s:.0f} s in vain for {what}")
        time.sleep(0.2)


def run(*command: str) -> str:
    """Standard output of a command that must succeed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Slurm:
    """The cluster: start and stop it, look into its queue, and do to it what operators and accidents do."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.host = folder, socket.gethostname().split(".")[0]

    def start(self) -> None:
        """Start all daemons and wait for the node; SlurmError where this machine cannot have them."""
        if reason := problem():
            raise SlurmError(reason)
        for part in ("state", "spool"):
            (self.folder / part).mkdir(parents=True)
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20 - 512
        places = {"folder": self.folder, "host": self.host, "ctld_port": CTLD_PORT, "node_port": NODE_PORT}
        conf = self.folder / "slurm.conf"
        conf.write_text(CONF.format(**places, cpus=2 * (os.cpu_count() or 1), memory_mb=memory_mb), encoding="utf-8")
        LINK.parent.mkdir(exist_ok=True)
        LINK.unlink(missing_ok=True)  # left over, pointing nowhere
        LINK.symlink_to(conf)
        files = {"socket": "munge.socket", "key-file": key.name, "pid-file": "munged.pid"}
        files |= {"log-file": "munged.log", "seed-file": "munged.seed"}
        run("munged", "--force", *(f"--{option}={self.folder / name}" for option, name in files.items()))
        self.start_controller()
        run("slurmd")
        wait_until(lambda: self.node_state() == "idle", "the node to be idle", 60)

    def stop(self) -> None:
        """End what was started, by the process IDs that it wrote."""
        for name in reversed(DAEMONS):
            self._end(name)
        if LINK.is_symlink() and LINK.resolve().parent == self.folder.resolve():
            LINK.unlink()

    def start_controller(self) -> None:
        run("slurmctld")

    def stop_controller(self) -> None:
        self._end("slurmctld")

    def set_node(self, state: str) -> None:
        """``scontrol update``: down (its jobs are lost), resume."""
        run("scontrol", "update", f"NodeName={self.host}", f"State={state}", "Reason=test")

    def node_state(self) -> str:
        found = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, check=False)
        return found.stdout.strip()

    def jobs(self, rule: str = "", state: str = "RUNNING") -> list[str]:
        """IDs of the jobs of a rule ("" for all) in a state; the plugin names the rule in a job's comment."""
        lines = run("squeue", "-h", "-t", state, "-o", "%i %k").splitlines()
        return [line.split()[0] for line in lines if line.split(maxsplit=1)[1].startswith(f"rule_{rule}")]

    def settle(self) -> None:
        """Whatever a test left behind: controller and node up, the queue empty."""
        if not (self.folder / "slurmctld.pid").exists():
            self.start_controller()
        wait_until(self.node_state, "an answer of the controller", 60)
        if self.node_state().startswith("down"):
            self.set_node("resume")
        run("scancel", "--user", "root")
        wait_until(lambda: not run("squeue", "--noheader"), "an empty queue", 60)

    def _end(self, name: str) -> None:
        pid_file = self.folder / f"{name}.pid"
        if pid_file.exists():
            pid = int(pid_file.read_text(encoding="utf-8"))
            os.kill(pid, 15)
            wait_until(lambda: not Path(f"/proc/{pid}").exists(), f"the end of {name}", 60)
            pid_file.unlink(missing_ok=True)
