"""The newest Python SDK from PyPI: the packaged SDK's test, run by the other interpreter."""
import xml.etree.ElementTree

from harness.emulator import ROOT, clean_environment
from harness.programs import TOOLS, run_program


def test_the_packaged_sdks_tests(tmp_path):
    report = tmp_path / "report.xml"
    done = run_program(TOOLS / "newest-python" / "bin" / "python", "-m", "pytest", "-c", ROOT / "tests" / "pytest.ini",
                       "--rootdir", ROOT / "tests", ROOT / "tests" / "system" / "test_python_sdk.py", "--junitxml", report,
                       environment=clean_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(xml.etree.ElementTree.parse(report).iter("testcase"))) == 3
