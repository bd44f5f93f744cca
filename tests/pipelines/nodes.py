"""Ray nodes as processes of this machine, each in a session of its own.

`ray stop` would end every Ray on the machine; here only the process group of a node is ended.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

TOKEN = "a-token-of-the-tests-and-of-nothing-else"
RAY = os.path.join(os.path.dirname(sys.executable), "ray")
# What a launcher file may say, and the one of a growing cluster here does not.
NOTHING = (
    *("initialization_commands", "setup_commands", "head_setup_commands"),
    *("worker_setup_commands", "head_start_ray_commands", "worker_start_ray_commands"),
    *("cluster_synced_files", "rsync_exclude", "rsync_filter"),
)
# A node that is gone is noticed after three seconds, not after half a minute.
NOTICES = {"RAY_health_check_period_ms": "1000", "RAY_health_check_failure_threshold": "3"}


class Nodes:
    """A head, and workers that come and go.

    `environment` is what a driver or a client needs: the token, and a `python` on the PATH.
    """

    def __init__(self, folder: str):
        self.folder = folder
        self.processes: list[subprocess.Popen] = []
        self.port, self.dashboard_port = free_port(), free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": TOKEN,
            "RAY_raylet_start_wait_time_s": "120",
            # The job's `python` is the one on the head's PATH.
            "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        }

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def dashboard(self) -> str:
        return f"http://127.0.0.1:{self.dashboard_port}"

    def start(self, *words: str) -> subprocess.Popen:
        """One more node. It is waited for: two that start at once on one machine take the same
        names for their sockets, and one of them fails."""
        # Any free port: where another Ray on the machine holds the usual one, the agent would
        # live on without the service that takes jobs.
        command = [RAY, "start", "--block", "--dashboard-agent-listen-port=0"]
        log = Path(self.folder) / f"start_{len(self.processes)}.log"
        with log.open("wb") as output:
            node = subprocess.Popen(
                [*command, "--disable-usage-stats", *words],
                env={**self.environment, **NOTICES},
                start_new_session=True,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(node)
        deadline = time.monotonic() + 240
        while "Ray runtime started" not in log.read_text():
            assert node.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "a Ray node did not start"
            time.sleep(0.2)
        return node

    def start_head(self, *words: str) -> subprocess.Popen:
        return self.start(
            "--head",
            f"--port={self.port}",
            f"--dashboard-port={self.dashboard_port}",
            f"--temp-dir={self.folder}",
            *words,
        )

    def start_worker(self, n_cpus: int = 2, *words: str) -> subprocess.Popen:
        return self.start(f"--address={self.address}", f"--num-cpus={n_cpus}", *words)

    def kill(self, node: subprocess.Popen) -> None:
        """As a machine that loses its power: all processes of the node at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(node.pid, signal.SIGKILL)
        node.wait()


@contextlib.contextmanager
def cluster(*head_words: str, workers: int = 0) -> Iterator[Nodes]:
    """A head and some workers of two CPUs each; all ended with the block."""
    # Sockets below it need a short path.
    with tempfile.TemporaryDirectory(
        prefix="ray", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        nodes = Nodes(folder)
        try:
            nodes.start_head(*head_words)
            for _ in range(workers):
                nodes.start_worker()
            yield nodes
        finally:
            for node in nodes.processes:
                nodes.kill(node)


@contextlib.contextmanager
def growing_cluster(**kinds: dict) -> Iterator[Nodes]:
    """A head without CPUs, whose autoscaler starts workers of these kinds as processes here.

    Each kind has `resources` and `max_workers`, as in a cluster's launcher file.
    """
    with tempfile.TemporaryDirectory(
        prefix="ray", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        nodes = Nodes(folder)
        # Ray's own provider for tests. Its defaults are a file that Ray's wheel does not have.
        provider = {"type": "fake_multinode", "gcs_address": nodes.address}
        head = {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0}
        types = {
            name: {"node_config": {}, "min_workers": 0, **kind} for name, kind in kinds.items()
        }
        config = {
            "cluster_name": "growing",
            "max_workers": 8,
            "idle_timeout_minutes": 5,
            "provider": {
                **provider,
                **dict.fromkeys(("use_node_id_as_ip", "disable_node_updaters"), True),
                **dict.fromkeys(("disable_launch_config_check", "foreground_node_launch"), True),
            },
            "head_node_type": "ray.head.default",
            "available_node_types": {"ray.head.default": head, **types},
            **{name: {} for name in ("auth", "file_mounts", "docker")},
            **{name: [] for name in NOTHING},
            "file_mounts_sync_continuously": False,
        }
        file = Path(folder) / "autoscaling.json"
        file.write_text(json.dumps(config))
        nodes.environment |= {"AUTOSCALER_UPDATE_INTERVAL_S": "1", "RAY_FAKE_CLUSTER": "1"}
        try:
            nodes.start_head("--num-cpus=0", f"--autoscaling-config={file}")
            yield nodes
        finally:
            for node in nodes.processes:
                nodes.kill(node)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
