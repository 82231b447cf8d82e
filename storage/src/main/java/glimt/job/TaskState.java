package glimt.job;

/**
 * <pre>
 *              claim                    end(Succeeded)
 *  blocked → ready ─────────▶ running ───────────────▶ succeeded
 *     ▲        ▲                 │  end(Failed), a try is left; end(Yielded); lease expired
 *  waits for   └─────────────────┤
 *  others                        └──────────────────▶ failed     any but an ending ── cancel ──▶ cancelled
 * </pre>
 */
public enum TaskState {
  BLOCKED,
  READY,
  RUNNING,
  SUCCEEDED,
  FAILED,
  CANCELLED
}
