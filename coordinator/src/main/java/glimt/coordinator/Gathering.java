package glimt.coordinator;

import glimt.job.Lease;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Collects messages into batches for the ledger. The first message is sent at once; messages that
 * arrive while a batch is under way form the next batch. Of several messages about one lease only
 * the last is sent. After a failed batch the messages are sent one by one until one succeeds, so
 * that a bad message does not block the others.
 */
final class Gathering<M> {
  private final Map<Lease, M> waiting = new LinkedHashMap<>();
  private List<M> underWay = List.of();
  private int most = Integer.MAX_VALUE;

  void add(Lease lease, M word) {
    waiting.put(lease, word);
  }

  /** Returns the next batch; empty while the previous one is not {@link #back}. */
  List<M> take() {
    List<M> words = new ArrayList<>();
    Iterator<M> next = waiting.values().iterator();
    while (underWay.isEmpty() && words.size() < most && next.hasNext()) {
      words.add(next.next());
      next.remove();
    }
    if (!words.isEmpty()) {
      underWay = words;
    }
    return words;
  }

  /**
   * Reports that the batch taken last is finished.
   *
   * @param answered whether the ledger accepted it
   */
  void back(boolean answered) {
    underWay = List.of();
    most = answered ? Integer.MAX_VALUE : 1;
  }

  /** Whether such a message waits or is under way. */
  boolean holds(Predicate<M> such) {
    return waiting.values().stream().anyMatch(such) || underWay.stream().anyMatch(such);
  }
}
