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
 * Removes artifacts that no row of the ledger refers to: superseded checkpoints, results of
 * attempts that lost their lease, pictures that no job begins with, and incomplete files of writers
 * that crashed.
 *
 * <p>A file is removed if it is older, by the store's clock, than the longest time in which an
 * attempt may still report it, and if two consecutive looks found it unreferenced without a
 * database failure between them. The second condition protects the results of attempts that cannot
 * report because the database is down.
 */
public final class Leftovers {
  private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);

  /** Far longer than a lease, and than the time from writing a file to reporting it. */
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
        AND NOT EXISTS (
          SELECT FROM job
          WHERE spec #>> '{input,image}' IS NOT NULL AND spec #>> '{input,image}' = digest)
        AND NOT EXISTS (
          SELECT FROM job
          WHERE spec #>> '{input,video}' IS NOT NULL AND spec #>> '{input,video}' = digest)
      """;

  private static final String FORGET =
      """
      DELETE FROM artifact
      WHERE sha256 = ANY(?) AND NOT EXISTS (SELECT FROM product WHERE artifact = sha256)
      """;

  private final Database database;
  private final Artifacts artifacts;
  private final Duration age;

  /** For each shelf, the artifacts that were unreferenced at the last look. */
  private final Map<Integer, Set<ArtifactId>> suspects = new HashMap<>();

  private int shelf;
  private final ReentrantLock looking = new ReentrantLock();

  /** Removes files older than {@link #AGE}. */
  public Leftovers(Database database, Artifacts artifacts) {
    this(database, artifacts, AGE);
  }

  /**
   * @param age how old a file must be to be removed
   */
  public Leftovers(Database database, Artifacts artifacts, Duration age) {
    this.database = database;
    this.artifacts = artifacts;
    this.age = age;
  }

  /**
   * Looks at the next of the store's shelves. Called at every sweep, it covers all shelves in a few
   * minutes. Any number of processes may call it.
   *
   * @return how many files were removed; 0 if another thread is still in this method
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
      // Start over, because attempts may have been unable to report while the database was down.
      suspects.clear();
      throw e;
    }
    if (removed > 0) {
      LOG.info("removed {} unreferenced artifact files", removed);
    }
    return removed;
  }

  private Set<ArtifactId> nameless(List<ArtifactId> old) {
    String[] digests = old.stream().map(ArtifactId::sha256).toArray(String[]::new);
    return database.transact(
        "look for unreferenced artifacts", session -> nameless(session, digests));
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
