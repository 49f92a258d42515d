"""Certificates for a test's own servers."""
from harness.programs import find_program, run_program


def signed_by(emulator, folder):
    """The files of a certificate for 127.0.0.1 by the emulator's authority, and of its key."""
    key, request, names, certificate = (folder / name for name in ("key.pem", "request.pem", "names", "certificate.pem"))

    def openssl(*words):
        done = run_program(find_program("openssl"), *words)
        assert done.returncode == 0, done.stderr

    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=test")
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", request, "-CA", emulator.data / "ca.pem", "-CAkey", emulator.data / "ca-key.pem",
            "-CAcreateserial", "-days", "2", "-extfile", names, "-out", certificate)
    return certificate, key
