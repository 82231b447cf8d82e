package glimt.ledger;

import glimt.artifact.Artifacts;
import glimt.job.ArtifactId;
import glimt.storage.StorageException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Artifacts that no row names any more, or that none ever named: superseded checkpoints, what an
 * attempt made that then lost its lease, what a writer left half written.
 *
 * <p>A file goes when it is older than any attempt could need to report it, by the store's own
 * clock, and was found without a name twice, with the database there all the time between: an
 * attempt whose ending the ledger could not take keeps its file until it can.
 */
public final class Leftovers {
  private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);

  /** Far longer than a lease, and than any time between a file and the word about it. */
  public static final Duration AGE = Duration.ofMinutes(10);

  private static final String NAMELESS =
      """
      WITH checkpoint AS MATERIALIZED (
        SELECT checkpoint_state AS state FROM task WHERE checkpoint_state IS NOT NULL
        UNION ALL
        SELECT fallback_state FROM task WHERE checkpoint_state IS NOT NULL)
      SELECT digest FROM unnest(?) AS digest
      WHERE NOT EXISTS (SELECT FROM product WHERE artifact = digest)
        AND NOT EXISTS (SELECT FROM checkpoint WHERE state = digest)
      """;

  private static final String FORGET =
      """
      DELETE FROM artifact
      WHERE sha256 = ANY(?) AND NOT EXISTS (SELECT FROM product WHERE artifact = sha256)
      """;

  private final Database database;
  private final Artifacts artifacts;
  private final Duration age;

  /** By shelf, what had no name when it was looked at last. */
  private final Map<Integer, Set<ArtifactId>> suspects = new HashMap<>();

  private int shelf;
  private final ReentrantLock looking = new ReentrantLock();

  public Leftovers(Database database, Artifacts artifacts) {
    this(database, artifacts, AGE);
  }

  /**
   * @param age how old a file must be to go
   */
  public Leftovers(Database database, Artifacts artifacts, Duration age) {
    this.database = database;
    this.artifacts = artifacts;
    this.age = age;
  }

  /**
   * Looks at the next of the store's shelves; called at every sweep it has seen them all after a
   * few minutes. Any number of processes may do so.
   *
   * @return how many files went; none while the last look is still going on
   */
  public int collect() {
    if (!looking.tryLock()) {
      return 0;
    }
    try {
      return next();
    } finally {
      looking.unlock();
    }
  }

  private int next() {
    int removed = 0;
    try {
      if (shelf == 0) {
        removed += artifacts.removeHalfWritten(age);
      }
      List<ArtifactId> old = artifacts.old(shelf, age);
      Set<ArtifactId> nameless = old.isEmpty() ? Set.of() : nameless(old);
      Set<ArtifactId> before = suspects.getOrDefault(shelf, Set.of());
      for (ArtifactId id : nameless) {
        if (before.contains(id) && artifacts.remove(id, age)) {
          removed++;
        }
      }
      suspects.put(shelf, nameless);
      shelf = (shelf + 1) % Artifacts.SHELVES;
    } catch (StorageException e) {
      // What could not be asked about is not suspected of anything.
      suspects.clear();
      throw e;
    }
    if (removed > 0) {
      LOG.info("removed {} files that nothing names", removed);
    }
    return removed;
  }

  private Set<ArtifactId> nameless(List<ArtifactId> old) {
    String[] digests = old.stream().map(ArtifactId::sha256).toArray(String[]::new);
    return database.transact(
        "look for artifacts without a name", session -> nameless(session, digests));
  }

  private static Set<ArtifactId> nameless(Session session, String[] digests) throws SQLException {
    Set<ArtifactId> nameless =
        new HashSet<>(
            session.all(
                NAMELESS, row -> new ArtifactId(row.getString("digest")), (Object) digests));
    if (!nameless.isEmpty()) {
      String[] gone = nameless.stream().map(ArtifactId::sha256).sorted().toArray(String[]::new);
      session.update(FORGET, (Object) gone);
    }
    return nameless;
  }
}
