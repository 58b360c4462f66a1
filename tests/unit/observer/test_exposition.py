"""Metrics as text become rates and times."""

from __future__ import annotations

import pytest

from msctl.observer.exposition import Sample, Traffic, parse, quantile, traffic

GATEWAY = """\
# HELP msctl_gateway_requests_total Requests.
msctl_gateway_requests_total{{code="200",method="GET",route="/api/{{id}}",service="orders"}} {good}
msctl_gateway_requests_total{{code="503",method="GET",route="/api/{{id}}",service="orders"}} {bad}
msctl_gateway_request_duration_seconds_bucket{{le="0.1",route="/api/{{id}}"}} {good}
msctl_gateway_request_duration_seconds_bucket{{le="+Inf",route="/api/{{id}}"}} {all}
process_cpu_seconds_total {cpu}
process_resident_memory_bytes 1.048576e+06
"""
SERVICE = """\
msctl_service_request_duration_seconds_bucket{{code="200",le="0.1",method="GET",route="/x"}} {good}
msctl_service_request_duration_seconds_bucket{{code="200",le="+Inf",method="GET",route="/x"}} {good}
msctl_service_request_duration_seconds_bucket{{code="500",le="+Inf",method="GET",route="/x"}} {bad}
msctl_service_request_duration_seconds_bucket{{code="200",le="+Inf",method="GET",route="/readyz"}} 999
msctl_events_handled_total{{outcome="dead",type="a"}} 2
msctl_events_published_total{{type="b"}} 7
"""


def gateway(good: int, bad: int, time: float) -> Sample:
    return Sample(time, parse(GATEWAY.format(good=good, bad=bad, all=good + bad, cpu=time / 10)))


def test_the_gateways_traffic() -> None:
    found = traffic([(gateway(100, 0, 0), gateway(180, 20, 10))])
    assert (found.rate, found.errors, found.cpu, found.memory) == (10.0, 2.0, 0.1, 2**20)
    assert found.p50 == pytest.approx(0.0625)


def test_a_service_that_tells_nothing_is_seen_through_the_gateway() -> None:
    span = (gateway(0, 0, 0), gateway(10, 0, 10))
    found = traffic([span], "orders")
    assert (found.rate, found.cpu, found.memory) == (1.0, None, None)
    assert found.p95 is not None
    assert traffic([span], "other") == Traffic()


def test_instances_add_up_and_probes_do_not_count() -> None:
    before = Sample(0, parse(SERVICE.format(good=0, bad=0)))
    after = Sample(10, parse(SERVICE.format(good=30, bad=10)))
    found = traffic([(before, after), (before, after)])
    assert (found.rate, found.errors) == (8.0, 2.0)
    assert found.events == {"dead": 4.0, "published": 14.0}


def test_a_restarted_process_does_not_count_backwards() -> None:
    assert traffic([(gateway(100, 0, 0), gateway(3, 0, 10))]).rate == 0.0


@pytest.mark.parametrize(
    ("buckets", "share", "found"),
    [
        ([], 0.5, None),
        ([(0.1, 0.0), (float("inf"), 0.0)], 0.5, None),
        ([(0.1, 10.0), (float("inf"), 10.0)], 0.5, 0.05),
        ([(0.1, 5.0), (0.2, 10.0), (float("inf"), 10.0)], 0.95, 0.19),
        ([(0.1, 0.0), (float("inf"), 10.0)], 0.5, 0.1),
    ],
)
def test_quantiles(buckets: list[tuple[float, float]], share: float, found: float | None) -> None:
    assert quantile(buckets, share) == (found if found is None else pytest.approx(found))


def test_what_is_no_metric_is_ignored() -> None:
    assert parse("hello\nmsctl_gateway_requests_total\nother_metric 3\n") == {}
