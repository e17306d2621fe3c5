// The daemon seen from outside: metrics for Prometheus.
export { Metrics, type MetricsSource } from "./metrics.js";
