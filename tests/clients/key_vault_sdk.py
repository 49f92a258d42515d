"""What azure-keyvault-secrets does in an ordinary program; one JSON document of what it saw.

words: vault URL, tenant, client, secret, secret's value
"""
import json
import sys

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient

url, tenant, client_id, client_secret, value = sys.argv[1:]
seen = {}
client = SecretClient(url, ClientSecretCredential(tenant, client_id, client_secret))
made = client.set_secret("redis", value, content_type="text/plain", tags={"a": "b"})
client.set_secret("redis", value + "2")
seen["name"], seen["tags"], seen["vault"] = made.name, made.properties.tags, made.properties.vault_url
seen["first"] = client.get_secret("redis", made.properties.version).value
seen["latest"] = client.get_secret("redis").value
seen["versions"] = len(list(client.list_properties_of_secret_versions("redis")))
for number in range(30):
    client.set_secret(f"many-{number}", "x")
seen["listed"] = len(list(client.list_properties_of_secrets()))
client.update_secret_properties("many-0", enabled=False)
try:
    client.get_secret("many-0")
except HttpResponseError as error:
    seen["disabled"] = error.status_code
backup = client.backup_secret("redis")
client.begin_delete_secret("redis").wait()
try:
    client.get_secret("redis")
except ResourceNotFoundError as error:
    seen["missing"] = error.error.code
client.begin_recover_deleted_secret("redis").wait()
seen["recovered"] = client.get_secret("redis").value
client.begin_delete_secret("redis").wait()
client.purge_deleted_secret("redis")
seen["restored"] = client.restore_secret_backup(backup).name
print(json.dumps(seen))
