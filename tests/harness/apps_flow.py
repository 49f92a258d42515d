"""Parts of two guides as their authors typed them, with whichever az: a web app that gets its cache, and a vault."""
import threading

from .emulator import wait_until

NAME, GROUP, CACHE = "spe-api-dev-67e2xz", "spe-infrastructure-westus2", "spe-redis-dev-67e2xz"
APP = ("--name", NAME, "--resource-group", GROUP)


class Tail:
    """`az webapp log tail`, which never ends by itself."""

    def __init__(self, az, *words):
        self.process, self.lines = az.start(*words), []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.process.terminate()
        self.process.communicate()
        self.reader.join()

    def wait(self, text):
        wait_until(lambda: text in "".join(self.lines) or self.process.poll() is not None, repr(text), 90)
        assert text in "".join(self.lines), "".join(self.lines)


def web_app_gets_its_cache(emulator, az):
    """Steps 4 to 6 of the provisioning status page; the app itself is there already."""
    emulator.create_cache(CACHE, group=GROUP)
    connection_string = emulator.run("cache", "connection-string", CACHE).stdout.strip()
    az.run("webapp", "config", "appsettings", "set", *APP, "--settings", "Redis__Enabled=true",
           f"Redis__ConnectionString={connection_string}", "Redis__InstanceName=sdap-dev:")
    listed = az.run("webapp", "config", "appsettings", "list", *APP)
    assert {"Redis__InstanceName": "sdap-dev:"}.items() <= {item["name"]: item["value"] for item in listed}.items()
    az.run("webapp", "restart", *APP)
    with Tail(az, "webapp", "log", "tail", *APP) as tail:
        tail.wait("info: Distributed cache: Redis enabled with instance name 'sdap-dev:'")
        site = f"/resourceGroups/{GROUP}/providers/Microsoft.Web/sites/{NAME}"
        emulator.arm("POST", emulator.cache_path(CACHE, GROUP) + "/regenerateKey", {"keyType": "Primary"})
        assert emulator.arm("POST", site + "/restart", version="2023-12-01").status == 200
        tail.wait("WRONGPASS")


def vault_is_deleted_and_comes_back(az, name):
    vault = ("--name", name)
    az.run("keyvault", "delete", *vault)
    assert [item["name"] for item in az.run("keyvault", "list-deleted", "--resource-type", "vault")] == [name]
    az.run("keyvault", "recover", *vault)
    assert az.run("keyvault", "show", *vault)["properties"]["provisioningState"] == "Succeeded"
    az.run("keyvault", "delete", *vault)
    az.run("keyvault", "purge", *vault)
    assert az.run("keyvault", "list-deleted", "--resource-type", "vault") == []
