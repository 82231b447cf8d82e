package glimt.job;

/**
 * <pre>
 *              claim                    end(Succeeded)
 *  blocked → ready ─────────▶ running ───────────────▶ succeeded
 *     ▲        ▲                 │  end(Failed), a try is left; end(Yielded); lease expired
 *  waits for   └─────────────────┤
 *  others                        └──────────────────▶ failed     any but an ending ── cancel ──▶ cancelled
 * </pre>
 *
 * A task whose file is lost after it succeeded is ready again, yet is shown as succeeded: its
 * result stays accepted while that file is made again. What would read it waits.
 */
public enum TaskState {
  BLOCKED,
  READY,
  RUNNING,
  SUCCEEDED,
  FAILED,
  CANCELLED
}
