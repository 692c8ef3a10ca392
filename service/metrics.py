"""Counts and durations for Prometheus; labels are routes and bands, never an advert's or a partner's."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """One process's metrics, in a registry of their own so that tests do not share them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "lurewatch_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "lurewatch_request_seconds",
            "Time to answer",
            ["route"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
            registry=self.registry,
        )
        self.assessed = Counter(
            "lurewatch_adverts_assessed", "Adverts assessed", ["band"], registry=self.registry
        )
        self.shadow_scored = Counter(
            "lurewatch_shadow_scores",
            "Adverts that a candidate scored beside the serving release, by the band each gives",
            ["serving_band", "shadow_band"],
            registry=self.registry,
        )
        self.waiting = Gauge("lurewatch_reviews_waiting", "Reviews without a verdict", registry=self.registry)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; methods outside the usual ones are counted as one."""
        known = method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"
        self.requests.labels(known, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def expose(self) -> bytes:
        """Give the metrics in Prometheus' text format."""
        return generate_latest(self.registry)
