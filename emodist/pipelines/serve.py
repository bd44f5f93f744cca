"""A bundle as a service on Ray Serve: media in by HTTP, predictions out as JSON.

- `POST /predict?segment_s=&hop_s=`, the bytes of a media file as the body: as `emodist predict`
  says of that file (`single.Predictor`). 400 in one line for what is no usable media file or no
  setting, 413 for a body above `max_body_mb`, 503 where too many wait.
- `GET /health`: which bundle answers, by which version.

Each replica is an actor with one CPU: it has the bundle in memory, and one child process that
decodes, as uploads may crash a decoder or make it hang. A RayService imports `build`.
"""

import asyncio
import contextlib
import logging
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import ray
from fastapi import FastAPI, HTTPException, Query, Request
from ray import serve

import emodist
from emodist import config, registry
from emodist.errors import AudioError, ConfigError, EmodistError
from emodist.pipelines import ray_engine, ray_private
from emodist.predicting import single
from emodist.predicting.settings import ServeSettings

APP = "emodist"
# Uploads run beside each other, and health is answered, while one recording is predicted.
AT_ONCE = 16
# Who comes after so many more waits in vain: better told at once.
WAITING = 64
# What a request may set.
QUERY = ("segment_s", "hop_s")
# These belong to the Serve instance, which a RayService configures in other places.
OF_THE_INSTANCE = ("host", "port", "address")

logger = logging.getLogger("ray.serve")
api = FastAPI(title="emodist", version=emodist.__version__)


@serve.deployment(max_ongoing_requests=AT_ONCE, max_queued_requests=WAITING)
@serve.ingress(api)
class Emotions:
    """One replica."""

    def __init__(self, settings: ServeSettings):
        self.limit_bytes = round(settings.max_body_mb * 1e6)
        self.predictor = single.Predictor(settings)
        # One thread: a child works on one file at a time, and a caller who leaves does not let the
        # next one in before the work on his file is over.
        self.worker = ThreadPoolExecutor(1)

    @api.get("/health")
    async def health(self) -> dict[str, Any]:
        """Answers once the bundle is loaded and has made its first prediction."""
        return {"ready": True, "bundle": self.predictor.digest, "version": emodist.__version__}

    @api.post("/predict")
    async def predict(
        self,
        request: Request,
        segment_s: Annotated[
            str | None, Query(description="window, seconds; default: as the bundle was trained")
        ] = None,
        hop_s: Annotated[str | None, Query(description="step between windows, seconds")] = None,
    ) -> dict[str, Any]:
        """Emotions in the media file that is the body."""
        if request.headers.get("content-type", "").startswith("multipart/"):
            raise HTTPException(
                400, "send the bytes of the file as the body, not a form (curl --data-binary @FILE)"
            )
        for word in request.query_params:
            if word not in QUERY:
                raise HTTPException(400, f"no setting {word!r}; {registry.suggest(word, QUERY)}")
        with tempfile.NamedTemporaryFile(prefix="emodist-upload-") as file:
            await self._receive(request, file)
            try:
                return await asyncio.get_running_loop().run_in_executor(
                    self.worker, self.predictor, file.name, segment_s, hop_s
                )
            except (AudioError, ConfigError) as error:
                raise HTTPException(400, str(error)) from None
            except EmodistError as error:
                logger.error("a recording could not be predicted: %s", error)
                raise HTTPException(500, str(error)) from None

    async def _receive(self, request: Request, file: Any) -> None:
        """Write the body to a file.

        Raises
        ------
        HTTPException
            413, if it is too large; it is not read to its end.
        """
        too_large = HTTPException(
            413, f"the body has more than {self.limit_bytes / 1e6:g} MB (max_body_mb)"
        )
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > self.limit_bytes:
            raise too_large
        n_bytes = 0
        async for chunk in request.stream():
            n_bytes += len(chunk)
            if n_bytes > self.limit_bytes:
                raise too_large
            file.write(chunk)
        file.flush()

    def __del__(self) -> None:
        # Serve calls this when it stops a replica; one that did not come up has less.
        if hasattr(self, "worker"):
            self.worker.shutdown(cancel_futures=True)
        if hasattr(self, "predictor"):
            self.predictor.close()


def build(args: dict[str, Any]) -> serve.Application:
    """The application, as a RayService or `serve deploy` imports it.

    Parameters
    ----------
    args : dict
        Settings by name (`ServeSettings`), `bundle` among them.

    Raises
    ------
    ConfigError
        If one is unknown or wrong, or belongs to the Serve instance.
    """
    for name in OF_THE_INSTANCE:
        if name in args:
            raise ConfigError(f"{name} is no argument; it is set in http_options of the config")
    settings_type: Any = ServeSettings
    return application(config.load(settings_type, None, **args))


def application(settings: ServeSettings, **options: Any) -> serve.Application:
    """The application, with further options of its deployment."""
    deployment: Any = Emotions
    return deployment.options(
        num_replicas=settings.replicas, ray_actor_options={"num_cpus": 1}, **options
    ).bind(settings)


@contextlib.contextmanager
def running(settings: ServeSettings) -> Iterator[str]:
    """The service, as long as the context lasts; gives its address.

    Raises
    ------
    EmodistError
        If the bundle cannot be served, the port is taken, the cluster is too small or serves
        already, or the replicas do not come up.
    """
    single.check(settings)
    settings = single.settled(settings)
    address = settings.address or os.environ.get("RAY_ADDRESS")
    if not address:
        _check_port(settings)
        # Where a machine is busy, its proxy is not there after 5 s, and is ended for it.
        os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "60")
    ray_engine.connect_to(address)
    try:
        n_cpus = ray_engine.n_cpus()
        if settings.replicas > n_cpus and not (address and ray_private.may_grow()):
            raise ConfigError(
                f"replicas={settings.replicas} need as many CPUs, and there are {n_cpus}"
            )
        if serve.status().proxies:
            raise EmodistError(
                "this cluster serves already; stop that with `serve shutdown`, or add this "
                f"application to its config: import_path {build.__module__}:build"
            )
        try:
            serve.start(http_options={"host": settings.host, "port": settings.port})
            try:
                # Someone waits: what fails once is told, and not tried twice more.
                serve.run(application(settings, max_constructor_retry_count=1), name=APP)
            except RuntimeError as error:
                apps = serve.status().applications.values()
                messages = [entry.message for app in apps for entry in app.deployments.values()]
                said = "\n".join([str(error), *messages])
                raise EmodistError(f"the service did not come up: {_reason(said)}") from error
            yield f"http://{settings.host}:{settings.port}"
        finally:
            serve.shutdown()
    finally:
        ray.shutdown()


def _check_port(settings: ServeSettings) -> None:
    """Ask first: Serve tells of a port that is taken in many lines, and late."""
    try:
        with socket.create_server((settings.host, settings.port)):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise EmodistError(
            f"cannot listen on {settings.host}:{settings.port}: {reason}; choose another port=N"
        ) from None


def _reason(said: str) -> str:
    """What the last traceback in a text of Serve ends with; else the first line of all.

    Examples
    --------
    >>> _reason("It failed:\\nTraceback:\\n  raise e\\nemodist.errors.AudioError: too long\\n")
    'too long'
    """
    errors = re.findall(r"^[\w.]*(?:Error|Exception): (.+)$", said, re.M)
    return errors[-1] if errors else said.strip().split("\n")[0]
