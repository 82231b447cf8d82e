package glimt.coordinator;

import glimt.job.Lease;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What arrived for the ledger while it was busy with what arrived before: the first word goes at
 * once, and those behind it go together. Of several words about one lease the last counts. After a
 * batch that the ledger refused the next goes alone, so that one bad word holds up no others.
 */
final class Gathering<M> {
  private final Map<Lease, M> waiting = new LinkedHashMap<>();
  private int most = Integer.MAX_VALUE;
  private boolean away;

  void add(Lease lease, M word) {
    waiting.put(lease, word);
  }

  /** What to send now; nothing while the words before are not {@link #back}. */
  List<M> take() {
    List<M> words = new ArrayList<>();
    Iterator<M> next = waiting.values().iterator();
    while (!away && words.size() < most && next.hasNext()) {
      words.add(next.next());
      next.remove();
    }
    away = away || !words.isEmpty();
    return words;
  }

  /** The ledger has answered what was taken, or refused it. */
  void back(boolean answered) {
    away = false;
    most = answered ? Integer.MAX_VALUE : 1;
  }
}
