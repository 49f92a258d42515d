"""The transcripts of the redis profile, played to a real redis-server 7.0: its answers are the reference."""
import pytest

from harness.programs import RedisServer
from harness.transcripts import Stage, TRANSCRIPTS, fits, parts

# The others drive the clock, which a real server's does not follow.
NAMES = [f"{name}.transcript" for name in (
    "acl bitmap blocking client cluster config function geo hash hyperloglog keys latency list memory migrate protocol pubsub scripting "
    "server set slow_log sort sorted_set stream string tracking").split()]

# Played to a server that is started with these settings, as the transcript's "@ setting" lines give them.
SETTINGS = {"debug.transcript": ("--enable-debug-command", "yes")}


@pytest.mark.parametrize("name", [*NAMES, *SETTINGS])
def test_redis_server_answers_the_same(tmp_path, name):
    server = RedisServer(tmp_path / "redis-server", *SETTINGS.get(name, ()))
    try:
        compare(server, name)
    finally:
        server.stop()


def compare(redis_server, name):
    stage = Stage(redis_server.port)
    for client, command, expected in parts((TRANSCRIPTS / name).read_text(), "redis"):
        answer = stage.ask(client, command, waits=not expected)
        assert fits(answer, expected), (command, answer, expected)
