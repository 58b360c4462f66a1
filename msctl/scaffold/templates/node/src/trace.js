// W3C trace context: the trace goes on, the span is a new one.

import { randomBytes } from "node:crypto";

const FORMAT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export function proceed(traceparent) {
  const match = FORMAT.exec(traceparent ?? "");
  const valid = match && !/^0+$/.test(match[1]) && !/^0+$/.test(match[2]);
  const traceId = valid ? match[1] : randomBytes(16).toString("hex");
  const flags = valid ? match[3] : "01";
  return { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString("hex")}-${flags}` };
}
