"""A job sent to a Ray cluster: packed small, followed, and ended with its own exit code.

What runs there is `python -m emodist JOB --config JOB.yaml key=value ...` in a folder that holds
this package and that file, so it works from a repository and from an installed wheel alike. The
cluster's machines bring the packages that emodist needs (docker/, or constraints.txt).
"""

import asyncio
import contextlib
import logging
import os
import platform
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import ray
import requests
from ray.exceptions import AuthenticationError
from ray.job_submission import JobDetails, JobStatus, JobSubmissionClient

import emodist
from emodist.errors import EmodistError
from emodist.pipelines import metrics
from emodist.pipelines.packing import Job, packed, passed_on, size_mib

# A head takes jobs only once its agent is up, some seconds after it answers.
AGENT_WAIT_S = 180.0
ENDED = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.STOPPED)


def run(job: Job, address: str, job_id: str | None = None, wait: bool = True) -> int:
    """Send a job to the cluster whose dashboard is at `address`, and follow its log.

    Parameters
    ----------
    job : Job
    address : str
        `http://HOST:8265`; `https://` behind a proxy.
    job_id : str, optional
        What the job is called there; made up from the name and the time if none is given.
    wait : bool
        Follow the log until the job ends. Otherwise come back once it is taken.

    Returns
    -------
    int
        The exit code of the job's process; 0 where it is not waited for.

    Raises
    ------
    EmodistError
        If the cluster does not answer, refuses the token, runs another Ray or Python, has no GPU
        where one is asked for, has a job of that id, or takes no jobs; or the package is too large.
    """
    client = connect(address)
    check_versions(client)
    check_gpus(client, job)
    job_id = job_id or f"{job.name}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    check_is_new(client, job_id)
    with packed(job) as folder:
        print(f"package: {size_mib(folder):.1f} MiB, to {client.get_address()}", file=sys.stderr)
        environment = {"working_dir": str(folder), "env_vars": passed_on(os.environ)}
        _submit(client, job, job_id, environment)
    print(f"job {job_id}: {job.entrypoint}", file=sys.stderr)
    if not wait:
        print(job_id)
        return 0
    try:
        return _follow(client, job_id)
    except KeyboardInterrupt:
        options = f"--address {client.get_address()} {job_id}"
        print(
            f"\nno longer followed; the job goes on. `ray job logs --follow {options}` shows it, "
            f"`ray job stop {options}` ends it",
            file=sys.stderr,
        )
        return 130


def connect(address: str) -> JobSubmissionClient:
    """A client of the dashboard at `address`.

    Raises
    ------
    EmodistError
        If no Ray dashboard is there, or it does not take the token.
    """
    scheme, colon, _ = address.partition("://")
    if not colon:
        address = f"http://{address}"
    elif scheme not in ("http", "https"):
        raise EmodistError(
            f"a job is sent to the cluster's dashboard, as in http://HOST:8265; got {address}"
        )
    # They say at each step what is said here in one line.
    for module in ("dashboard.modules.dashboard_sdk", "dashboard.modules.job.sdk"):
        logging.getLogger(f"ray.{module}").setLevel(logging.WARNING)
    logging.getLogger("ray._private.runtime_env.packaging").setLevel(logging.WARNING)
    try:
        with _address_wins(address):
            client = JobSubmissionClient(address, headers=_token_header())
    except AuthenticationError as error:
        is_missing = "required" in str(error)
        wants = (
            "wants a token" if is_missing else "does not take this token (expired, or another's)"
        )
        raise EmodistError(f"{address} {wants}; put the cluster's into RAY_AUTH_TOKEN") from None
    except (ConnectionError, requests.ConnectionError, requests.Timeout):
        raise EmodistError(
            f"no Ray dashboard answers at {address}; is the cluster up, and its port forwarded?"
        ) from None
    except (RuntimeError, ValueError, KeyError, requests.RequestException) as error:
        reason = str(error).split("\n")[0]
        raise EmodistError(f"{address} is not a Ray dashboard: {reason}") from None
    return client


def check_versions(client: JobSubmissionClient) -> None:
    """Refuse a cluster on which the job would fail later, and less clearly.

    Raises
    ------
    EmodistError
        If its Ray or its Python has another minor version than this one.
    """
    theirs = {"Ray": _get(client, "/api/version")["ray_version"]}
    data = _get(client, "/api/v0/cluster_metadata").get("data", {})
    if "pythonVersion" in data:
        theirs["Python"] = data["pythonVersion"]
    ours = {"Ray": ray.__version__, "Python": platform.python_version()}
    differing = [name for name, version in theirs.items() if _minor(version) != _minor(ours[name])]
    if differing:
        runs = " and ".join(f"{name} {theirs[name]}" for name in differing)
        needs = " and ".join(f"{name} {_minor(ours[name])}" for name in differing)
        raise EmodistError(
            f"the cluster at {client.get_address()} runs {runs}; this emodist needs {needs}: "
            "start it from an image with the versions of constraints.txt"
        )


def check_gpus(client: JobSubmissionClient, job: Job) -> None:
    """Refuse a job that asks for a GPU of a cluster that has none and cannot start any.

    Raises
    ------
    EmodistError
        See above; names the setting.
    """
    wanted = job.gpus()
    if not wanted:
        return
    status = _get(client, "/api/cluster_status").get("data", {}).get("clusterStatus") or {}
    types = (status.get("autoscalerReport") or {}).get("nodeTypeMapping") or {}
    # Where nothing scales the cluster, Ray makes up a type for each node; a cluster that scales
    # may have no GPU now and start one for the job.
    is_fixed = bool(types) and all(node_type == f"node_{node}" for node, node_type in types.items())
    has_gpu = "GPU" in (status.get("loadMetricsReport") or {}).get("usage", {})
    if is_fixed and not has_gpu:
        setting = ", ".join(f"{name}={value}" for name, value in wanted.items())
        raise EmodistError(
            f"{setting}, but the cluster at {client.get_address()} has no GPU; set it to 0"
        )


def check_is_new(client: JobSubmissionClient, job_id: str) -> None:
    """Refuse an id that the cluster knows.

    Raises
    ------
    EmodistError
        With what became of the job of that id.
    """
    known = {info.submission_id: info for info in client.list_jobs()}
    if job_id in known:
        raise EmodistError(
            f"job {job_id} was submitted before ({known[job_id].status.lower()}); "
            "choose another --id, or none"
        )


def _submit(
    client: JobSubmissionClient, job: Job, job_id: str, environment: dict[str, Any]
) -> None:
    deadline = time.monotonic() + AGENT_WAIT_S
    is_told = False
    while True:
        try:
            client.submit_job(
                entrypoint=job.entrypoint,
                submission_id=job_id,
                runtime_env=environment,
                metadata={"emodist": emodist.__version__, "job": job.name},
            )
            return
        except RuntimeError as error:
            if "already exists" in str(error):
                check_is_new(client, job_id)
            if "No available agent" not in str(error):
                raise EmodistError(f"the cluster refused the job: {_last_line(error)}") from None
        if time.monotonic() > deadline:
            raise EmodistError(
                f"the head has had no job agent for {AGENT_WAIT_S:.0f} s; where another Ray on "
                "its machine holds port 52365, start it with --dashboard-agent-listen-port=0"
            )
        if not is_told:
            print("waiting for the head's job agent", file=sys.stderr)
            is_told = True
        time.sleep(1)


def _follow(client: JobSubmissionClient, job_id: str) -> int:
    """Print the log as it grows; the exit code of the job's process."""
    log = _Log(client, job_id)
    while True:
        # The connection may break, through a proxy for one, while the job goes on.
        with contextlib.suppress(RuntimeError, OSError, aiohttp.ClientError):
            asyncio.run(log.follow())
        info = _info(client, job_id)
        if info.status in ENDED:
            break
        time.sleep(1)
    log.end()
    code = info.driver_exit_code
    if info.status == JobStatus.SUCCEEDED:
        return 0
    if info.status == JobStatus.STOPPED:
        print(f"job {job_id} was stopped", file=sys.stderr)
    elif not code:
        print(f"job {job_id} failed: {_last_line(info.message)}", file=sys.stderr)
    # A process that a signal ended has a negative code; a shell says 128 and the signal.
    return 128 - code if code and code < 0 else code or 1


class _Log:
    """The log of a job on stdout; what was shown is not shown again after a broken connection.

    The lines for programs, one a shard, are left out: `ray job logs` has them.
    """

    def __init__(self, client: JobSubmissionClient, job_id: str):
        self.client, self.job_id, self.n_shown = client, job_id, 0
        self._begun = ""

    async def follow(self) -> None:
        n_seen = 0
        async for text in self.client.tail_job_logs(self.job_id):
            new = text[max(0, self.n_shown - n_seen) :]
            n_seen += len(text)
            self.n_shown += len(new)
            *lines, self._begun = (self._begun + new).split("\n")
            self._show(f"{line}\n" for line in lines)

    def end(self) -> None:
        """Show what no end of a line followed."""
        self._show([self._begun])
        self._begun = ""

    def _show(self, lines: Iterable[str]) -> None:
        sys.stdout.writelines(line for line in lines if not line.startswith(metrics.LINE_START))
        sys.stdout.flush()


def _info(client: JobSubmissionClient, job_id: str) -> JobDetails:
    for is_last_try in (False,) * 30 + (True,):
        try:
            return client.get_job_info(job_id)
        except (ConnectionError, requests.RequestException):
            if is_last_try:
                raise EmodistError(
                    f"the cluster at {client.get_address()} is gone; submit the job again to go on"
                ) from None
            time.sleep(2)
    raise AssertionError


def _get(client: JobSubmissionClient, path: str) -> dict[str, Any]:
    """What the dashboard says of something; empty where it does not know it."""
    answer = client._do_request("GET", path)
    return answer.json() if answer.status_code == 200 else {}


def _token_header() -> dict[str, str] | None:
    """The cluster's token, which Ray itself sends only if RAY_AUTH_MODE says so."""
    if "RAY_AUTH_MODE" in os.environ:
        return None
    token = os.environ.get("RAY_AUTH_TOKEN")
    if not token:
        file = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
        with contextlib.suppress(OSError):
            token = file.read_text()
    return {"Authorization": f"Bearer {token.strip()}"} if token else None


@contextlib.contextmanager
def _address_wins(address: str) -> Iterator[None]:
    """Ray lets this variable win over the address that it is given."""
    name = "RAY_API_SERVER_ADDRESS"
    before = os.environ.get(name)
    os.environ[name] = address
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _last_line(error: Any) -> str:
    lines: Sequence[str] = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else str(error)
