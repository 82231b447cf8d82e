package glimt.ledger;

import org.jspecify.annotations.Nullable;

/**
 * For whom a thread acts on the ledger. The audit log names them: the id of a key, or a word of who
 * lets them in. What runs for nobody is the farm's own act.
 */
public final class Acting {
  private static final ScopedValue<String> ACTOR = ScopedValue.newInstance();

  private Acting() {}

  /** Calls {@code act} for an actor, on this thread. */
  public static <T, X extends Throwable> T as(String actor, ScopedValue.CallableOp<T, X> act)
      throws X {
    return ScopedValue.where(ACTOR, actor).call(act);
  }

  /** For whom this thread acts; null for the farm itself. */
  static @Nullable String actor() {
    return ACTOR.isBound() ? ACTOR.get() : null;
  }
}
