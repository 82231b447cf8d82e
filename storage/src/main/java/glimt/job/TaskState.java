package glimt.job;

/**
 * The state of a task.
 *
 * <pre>
 *              claim                    end(Succeeded)
 *  blocked → ready ─────────▶ running ───────────────▶ succeeded
 *     ▲        ▲                 │  end(Failed) with a try left; end(Yielded); lease expired
 *  waits for   └─────────────────┤
 *  others                        └──────────────────▶ failed     any of the first three ── cancel ──▶ cancelled
 * </pre>
 *
 * <p>A task whose file is lost after it succeeded becomes ready again in the ledger, but clients
 * still see it as succeeded: its result stays accepted while the file is made again. Tasks that
 * read the file wait.
 */
public enum TaskState {
  BLOCKED,
  READY,
  RUNNING,
  SUCCEEDED,
  FAILED,
  CANCELLED
}
