package glimt.ledger;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A place in the events of all jobs, in the order of {@code V37__event_order.sql}.
 *
 * @param xact the transaction of the event before it
 * @param number the number of that event; 0 for before all events of the transaction
 */
public record EventPosition(long xact, long number) implements Comparable<EventPosition> {
  /** Before all events. */
  public static final EventPosition START = new EventPosition(0, 0);

  private static final Pattern FORM = Pattern.compile("(\\d{1,18})-(\\d{1,18})");

  /** Reads what {@link #toString} writes; empty if the text is no position. */
  public static Optional<EventPosition> parse(String text) {
    Matcher form = FORM.matcher(text);
    return form.matches()
        ? Optional.of(
            new EventPosition(Long.parseLong(form.group(1)), Long.parseLong(form.group(2))))
        : Optional.empty();
  }

  @Override
  public int compareTo(EventPosition other) {
    return xact == other.xact ? Long.compare(number, other.number) : Long.compare(xact, other.xact);
  }

  @Override
  public String toString() {
    return xact + "-" + number;
  }
}
