"""Questions to Azure Monitor about a cache."""
import urllib.parse

METRICS = "/providers/Microsoft.Insights/metrics"


def ask(emulator, cache, names, status=200, **query):
    query = {"metricnames": names, **query}
    path = emulator.cache_path(cache) + METRICS + "?" + urllib.parse.urlencode(query)
    answer = emulator.arm("GET", path, version="2018-01-01")
    assert answer.status == status, answer
    return answer.json


def values(answer, what, metric=0, series=0):
    data = answer["value"][metric]["timeseries"][series]["data"]
    return [point[what] for point in data if what in point]
