// Counts of requests in Prometheus' text format.

export class Metrics {
  #requests = new Map();
  #seconds = new Map();

  observe(route, method, code, seconds) {
    const labels = `route="${route}",method="${method}",code="${code}"`;
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1);
    this.#seconds.set(labels, (this.#seconds.get(labels) ?? 0) + seconds);
  }

  text() {
    const lines = ["# HELP http_requests_total Requests answered.", "# TYPE http_requests_total counter"];
    for (const [labels, count] of this.#requests) lines.push(`http_requests_total{${labels}} ${count}`);
    lines.push("# HELP http_request_seconds_total Time spent on them.");
    lines.push("# TYPE http_request_seconds_total counter");
    for (const [labels, seconds] of this.#seconds) {
      lines.push(`http_request_seconds_total{${labels}} ${seconds.toFixed(6)}`);
    }
    return `${lines.join("\n")}\n`;
  }
}
