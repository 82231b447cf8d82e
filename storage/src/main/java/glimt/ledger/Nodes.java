package glimt.ledger;

import java.net.URI;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The farm's processes, as they tell of themselves: where a new one finds the others, and which of
 * them go on when they no longer hear each other. All times are the database's.
 */
public final class Nodes {
  private static final String FARM = "SELECT id FROM farm";

  /** One at a time decides whether it is the first. Any number will do that nobody else locks. */
  private static final String LOCK = "SELECT pg_advisory_xact_lock(4702111234474983745)";

  private static final String FORGET = "DELETE FROM node WHERE address = ANY (?)";

  private static final String COUNT = "SELECT count(*) FROM node WHERE address <> ?";

  private static final String PULSE =
      """
      INSERT INTO node (address, name, roles, version, pid, workers, http, started, pulse)
      VALUES (?, ?, ?, ?, ?, ?, ?, clock_timestamp(), clock_timestamp())
      ON CONFLICT (address) DO UPDATE
      SET name = excluded.name, roles = excluded.roles, version = excluded.version,
          pid = excluded.pid, workers = excluded.workers, http = excluded.http,
          pulse = excluded.pulse,
          started = CASE WHEN node.pid = excluded.pid THEN node.started ELSE excluded.started END
      """;

  /** Who has been dead for long is of no use to anybody. */
  private static final String BURY =
      "DELETE FROM node WHERE pulse < clock_timestamp() - interval '10 min'";

  private static final String LIST =
      """
      SELECT address, name, roles, version, pid, workers, http, started,
             extract(epoch FROM clock_timestamp() - pulse) AS silent
      FROM node
      ORDER BY started, address
      """;

  private static final String SURVIVE =
      """
      INSERT INTO survivors (members, until) VALUES (?, clock_timestamp() + ? * interval '1 ms')
      ON CONFLICT (one) DO UPDATE SET members = excluded.members, until = excluded.until
      WHERE survivors.until < clock_timestamp() OR ? = ANY (survivors.members)
      """;

  /**
   * What a process tells of itself.
   *
   * @param address by which the others reach it
   * @param workers how many worker processes it runs
   * @param http where its gateway is reached, if it has one
   */
  public record Self(
      String address,
      String name,
      List<String> roles,
      String version,
      long pid,
      int workers,
      Optional<URI> http) {
    public Self {
      roles = List.copyOf(roles);
    }
  }

  /**
   * @param started when it was first seen
   * @param silent how long since it was last seen
   */
  public record Entry(Self node, Instant started, Duration silent) {
    /** Longer than any node pauses that is well. */
    static final Duration SILENCE = Duration.ofSeconds(15);

    /** Whether it was seen lately. */
    public boolean lives() {
      return silent.compareTo(SILENCE) < 0;
    }
  }

  private final Database database;

  public Nodes(Database database) {
    this.database = database;
  }

  /** Which farm this is. */
  public UUID farm() {
    return database
        .read("tell farms apart", session -> session.first(FARM, Nodes::id))
        .orElseThrow();
  }

  /** Everybody who ever told of themselves and was not forgotten since, the oldest first. */
  public List<Entry> list() {
    return database.read("list the nodes", session -> session.all(LIST, Nodes::entry));
  }

  /**
   * Makes {@code self} the first of the farm, if all others are {@code gone}.
   *
   * @return whether it is the first; if not, somebody else is there to be joined
   */
  public boolean begin(Self self, Collection<String> gone) {
    return database.transact(
        "begin the cluster",
        session -> {
          session.first(LOCK, row -> true);
          session.update(FORGET, (Object) gone.toArray(String[]::new));
          if (session.first(COUNT, row -> row.getLong(1), self.address()).orElseThrow() > 0) {
            return false;
          }
          pulse(session, self);
          return true;
        });
  }

  /** Says that {@code self} is there. */
  public void pulse(Self self) {
    database.transact(
        "say that this node is there",
        session -> {
          session.update(BURY);
          return pulse(session, self);
        });
  }

  private static int pulse(Session session, Self self) throws SQLException {
    return session.update(
        PULSE,
        self.address(),
        self.name(),
        self.roles().toArray(String[]::new),
        self.version(),
        self.pid(),
        self.workers(),
        self.http().map(URI::toString).orElse(null));
  }

  /** Removes what a process told of itself. */
  public void forget(String address) {
    database.transact(
        "forget a node", session -> session.update(FORGET, (Object) new String[] {address}));
  }

  /**
   * Asks whether one side of a cluster that fell apart may go on: yes for the side that asks first,
   * and for whom it keeps, until {@code within} is over.
   *
   * @param self whoever asks
   * @param side the addresses of those who would go on
   */
  public boolean mayGoOn(String self, Collection<String> side, Duration within) {
    return database.transact(
        "ask who goes on",
        session ->
            session.update(SURVIVE, side.toArray(String[]::new), within.toMillis(), self) == 1);
  }

  private static UUID id(ResultSet row) throws SQLException {
    return row.getObject("id", UUID.class);
  }

  private static Entry entry(ResultSet row) throws SQLException {
    @Nullable String http = row.getString("http");
    return new Entry(
        new Self(
            row.getString("address"),
            row.getString("name"),
            List.of((String[]) row.getArray("roles").getArray()),
            row.getString("version"),
            row.getLong("pid"),
            row.getInt("workers"),
            Optional.ofNullable(http).map(URI::create)),
        row.getTimestamp("started").toInstant(),
        Duration.ofMillis(Math.round(1000 * row.getDouble("silent"))));
  }
}
