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
 * The processes of the farm, as each reports itself: how a new process finds the others, and which
 * side of a split cluster goes on. All times are the database's.
 */
public final class Nodes {
  private static final String FARM = "SELECT id FROM farm";

  /**
   * One process at a time decides whether it is the first of the farm. The number is arbitrary;
   * nothing else locks it.
   */
  private static final String LOCK = "SELECT pg_advisory_xact_lock(4702111234474983745)";

  private static final String FORGET = "DELETE FROM node WHERE address = ANY (?)";

  private static final String COUNT = "SELECT count(*) FROM node WHERE address <> ?";

  private static final NamedSql PULSE =
      NamedSql.of(
          """
          INSERT INTO node (address, name, roles, version, pid, http, started, pulse)
          VALUES (:address, :name, :roles, :version, :pid, :http, clock_timestamp(), clock_timestamp())
          ON CONFLICT (address) DO UPDATE
          SET name = excluded.name, roles = excluded.roles, version = excluded.version,
              pid = excluded.pid, http = excluded.http, pulse = excluded.pulse,
              started = CASE WHEN node.pid = excluded.pid THEN node.started ELSE excluded.started END
          """);

  /** Deletes nodes that have been dead for long. */
  private static final String BURY =
      "DELETE FROM node WHERE pulse < clock_timestamp() - interval '10 min'";

  private static final String LIST =
      """
      SELECT address, name, roles, version, pid, http, started,
             extract(epoch FROM clock_timestamp() - pulse) AS silent
      FROM node
      ORDER BY started, address
      """;

  private static final NamedSql SURVIVE =
      NamedSql.of(
          """
          INSERT INTO survivors (members, until) VALUES (:side, clock_timestamp() + :within * interval '1 ms')
          ON CONFLICT (one) DO UPDATE SET members = excluded.members, until = excluded.until
          WHERE survivors.until < clock_timestamp() OR :self = ANY (survivors.members)
          """);

  /**
   * What a process reports about itself.
   *
   * @param address where the other processes reach it
   * @param http where its gateway is reached, if it has one
   */
  public record Self(
      String address,
      String name,
      List<String> roles,
      String version,
      long pid,
      Optional<URI> http) {
    public Self {
      roles = List.copyOf(roles);
    }
  }

  /**
   * A node as the ledger last saw it.
   *
   * @param started when the ledger first saw it
   * @param silent how long ago the ledger last saw it
   */
  public record NodeStatus(Self node, Instant started, Duration silent) {
    /** Longer than a healthy node ever pauses. */
    static final Duration SILENCE = Duration.ofSeconds(15);

    /** Whether the ledger has seen it recently. */
    public boolean lives() {
      return silent.compareTo(SILENCE) < 0;
    }
  }

  private final Database database;

  public Nodes(Database database) {
    this.database = database;
  }

  /** Returns the id of this farm. */
  public UUID farm() {
    return database
        .read("tell farms apart", session -> session.first(FARM, Nodes::id))
        .orElseThrow();
  }

  /** Returns every node that reported itself and was not forgotten since, the oldest first. */
  public List<NodeStatus> list() {
    return database.read("list the nodes", session -> session.all(LIST, Nodes::entry));
  }

  /**
   * Makes {@code self} the first of the farm, if all others are {@code gone}.
   *
   * @return whether it is the first; if not, there is another node to join
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

  /** Records that {@code self} is alive. */
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
        PULSE
            .bind("address", self.address())
            .bind("name", self.name())
            .bind("roles", self.roles().toArray(String[]::new))
            .bind("version", self.version())
            .bind("pid", self.pid())
            .bind("http", self.http().map(URI::toString).orElse(null)));
  }

  /** Deletes the record of a process. */
  public void forget(String address) {
    database.transact(
        "forget a node", session -> session.update(FORGET, (Object) new String[] {address}));
  }

  /**
   * Asks whether one side of a split cluster may go on. The side that asks first may, and so may
   * the nodes on that side, until {@code within} is over.
   *
   * @param self the node that asks
   * @param side the addresses of the nodes that would go on
   */
  public boolean mayGoOn(String self, Collection<String> side, Duration within) {
    return database.transact(
        "ask who goes on",
        session ->
            session.update(
                    SURVIVE
                        .bind("side", side.toArray(String[]::new))
                        .bind("within", within.toMillis())
                        .bind("self", self))
                == 1);
  }

  private static UUID id(ResultSet row) throws SQLException {
    return row.getObject("id", UUID.class);
  }

  private static NodeStatus entry(ResultSet row) throws SQLException {
    @Nullable String http = row.getString("http");
    return new NodeStatus(
        new Self(
            row.getString("address"),
            row.getString("name"),
            List.of((String[]) row.getArray("roles").getArray()),
            row.getString("version"),
            row.getLong("pid"),
            Optional.ofNullable(http).map(URI::create)),
        row.getTimestamp("started").toInstant(),
        Duration.ofMillis(Math.round(1000 * row.getDouble("silent"))));
  }
}
