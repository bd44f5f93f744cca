"""Machine code that numba made, kept in files and run again without numba.

A file holds the object code of one function for one combination of argument types, as LLVM wrote
it, with the wrapper that numba puts around it for Python. LLVM's loader (llvmlite) puts it into
memory; numba's small C modules, which the code calls for arrays and errors, are loaded alone. A
name hashes the source, the versions, the processor and numba's settings, so that what has changed
is compiled anew, and so is what has been damaged.

None of this is promised by numba: it is used with the versions that it was tried with, on Linux
and x86-64, and a kernel whose code cannot be kept or loaded runs through numba as ever.
"""

import contextlib
import ctypes
import functools
import hashlib
import importlib.util
import os
import pickle
import platform
import sys
import types
import uuid
from collections.abc import Callable, Iterable
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

# The C modules whose functions the code calls, and how numba calls these in LLVM.
HELPERS = {
    "numba._helperlib": "numba_",
    "numba._dynfunc": "numba_",
    "numba.core.runtime._nrt_python": "NRT_",
}
# Tried: first and last of numba's versions.
TRIED = ((0, 61), (0, 68))
DIGEST_BYTES = 32


@functools.cache
def is_possible() -> bool:
    """Whether this machine, and the numba on it, are ones that it was tried with."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    if any(name in os.environ for name in ("NUMBA_DISABLE_JIT", "NUMBA_ENABLE_CUDASIM")):
        return False
    with contextlib.suppress(OSError, AttributeError, ValueError, IndexError):
        version = _version_file("numba").split('"version": "')[1].split(".")[:2]
        return TRIED[0] <= tuple(map(int, version)) <= TRIED[1]  # type: ignore[operator]
    return False


def place(source: str, name: str, said: Iterable[str]) -> Path | None:
    """The file for a function of a source file, of which `said` tells all that decides its code.

    In NUMBA_CACHE_DIR, else beside the source, else below the home folder; None if none of them
    can be written.
    """
    digest = hashlib.blake2b(digest_size=12)
    for text in (*surroundings(), *said):
        digest.update(text.encode() + b"\0")
    folder = cache_folder(os.path.dirname(source))
    return folder / f"{name}-{digest.hexdigest()}.code" if folder else None


def save(file: Path | None, result: Any) -> None:
    """Keep what numba has compiled; nothing happens where that cannot be done."""
    if file is None:
        return
    # Of numba's making, and so perhaps other in another version.
    with contextlib.suppress(OSError, AttributeError, RuntimeError, ValueError, TypeError):
        (code, _) = result.library.serialize_using_object_code()[2]
        module = result.library._final_module
        named = (*module.functions, *module.global_variables)
        known = {part.env_name: part for part in result._find_referenced_environments()}
        about = {
            "module": result.fndesc.modname,
            "name": result.fndesc.qualname,
            "wrapper": result.fndesc.llvm_cpython_wrapper_name,
            # Python objects that the code uses, such as the type of an array that it makes.
            "constants": {
                item.name: known[item.name].consts if item.name in known else []
                for item in named
                if item.name.startswith("_ZN08NumbaEnv")
            },
            "outside": [
                item.name
                for item in named
                if item.is_declaration and not item.name.startswith("llvm.")
            ],
        }
        content = pickle.dumps((about, code))
        temporary = file.with_name(f".{uuid.uuid4().hex}.tmp")
        try:
            temporary.write_bytes(_digest(content) + content)
            os.replace(temporary, file)
        finally:
            temporary.unlink(missing_ok=True)


def load(file: Path | None) -> Callable | None:
    """The function in a file; None if there is none that can be used."""
    try:
        content = file.read_bytes() if file else b""
    except OSError:
        return None
    digest, content = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if not digest or digest != _digest(content):
        return None
    with contextlib.suppress(ImportError, AttributeError, RuntimeError, OSError):
        return _linked(*pickle.loads(content))
    return None


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()


def _linked(about: dict[str, Any], code: bytes) -> Callable | None:
    import llvmlite.binding as llvm

    dynfunc = _helpers()["numba._dynfunc"]
    engine = _engine()
    # LLVM ends the process over a name that it does not find.
    if not all(map(llvm.address_of_symbol, about["outside"])):
        return None
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    environments = []
    for variable, constants in about["constants"].items():
        environments.append(dynfunc.Environment({}))
        environments[-1].consts.extend(constants)
        if place := engine.get_global_value_address(variable):
            ctypes.c_void_p.from_address(place).value = id(environments[-1])
    wrapper = engine.get_function_address(about["wrapper"])
    kept = (engine, environments)
    module = types.ModuleType(about["module"])
    return dynfunc.make_function(module, about["name"], "", wrapper, environments[0], kept)


def _engine() -> Any:
    """Of each function its own, and its own target machine: names in two files may be the same."""
    import llvmlite.binding as llvm

    target = llvm.Target.from_triple(llvm.get_process_triple())
    machine = target.create_target_machine(reloc="static", codemodel="jitdefault")
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)


@functools.cache
def _helpers() -> dict[str, Any]:
    """Numba's C modules, whose functions LLVM knows from now on; numba itself is not imported."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    modules = {name: _extension(name) for name in HELPERS}
    for name, prefix in HELPERS.items():
        for function, address in modules[name].c_helpers.items():
            is_internal = function.startswith("_") and prefix == "NRT_"
            llvm.add_symbol(function if is_internal else f"{prefix}{function}", address)
    return modules


def _extension(name: str) -> Any:
    """A C module of numba, under its own name, so that numba finds the same one."""
    if name in sys.modules:
        return sys.modules[name]
    _, *parents, _ = name.split(".")
    spec = PathFinder.find_spec(name, [str(home("numba").joinpath(*parents))])
    if spec is None or spec.loader is None:
        raise ImportError(f"numba has no {name}")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def surroundings() -> tuple[str, ...]:
    """What decides the code that numba makes, beside its source."""
    import llvmlite.binding as llvm

    return (
        sys.version,
        *map(_version_file, ("numba", "llvmlite", "numpy")),
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        *(f"{name}={os.environ[name]}" for name in sorted(os.environ) if name.startswith("NUMBA_")),
    )


def _version_file(package: str) -> str:
    """The file that tells a package's version; its metadata would take longer to read."""
    for name in ("_version.py", "version.py"):
        with contextlib.suppress(FileNotFoundError):
            return (home(package) / name).read_text(encoding="utf-8")
    raise FileNotFoundError(f"{package} has no file with its version")


def home(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{package} is not installed")
    return Path(spec.origin).parent


@functools.cache
def cache_folder(source: str) -> Path | None:
    given, home = os.environ.get("NUMBA_CACHE_DIR"), os.path.expanduser("~/.cache")
    # Two copies of the package on one machine have different hashes, and may share a folder.
    below_home = Path(os.environ.get("XDG_CACHE_HOME") or home) / "emodist" / "compiled"
    for folder in [Path(given)] if given else [Path(source) / "__pycache__", below_home]:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK | os.X_OK):
                return folder
    return None
