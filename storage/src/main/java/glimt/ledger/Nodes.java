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
 * The register of the farm's nodes. A new node finds the others here, and when the cluster is
 * partitioned, the register decides which side survives. All times are by the database's clock.
 */
public final class Nodes {
  private static final String FARM = "SELECT id FROM farm";

  /**
   * Serialises nodes that check whether they are the first. The number is arbitrary, but nothing
   * else may lock it.
   */
  private static final String LOCK = "SELECT pg_advisory_xact_lock(4702111234474983745)";

  private static final String FORGET = "DELETE FROM node WHERE address = ANY (?)";

  private static final String COUNT = "SELECT count(*) FROM node WHERE address <> ?";

  private static final NamedSql PULSE =
      NamedSql.of(
          """
          INSERT INTO node (address, name, roles, version, pid, workers, http, started, pulse)
          VALUES (:address, :name, :roles, :version, :pid, :workers, :http,
                  clock_timestamp(), clock_timestamp())
          ON CONFLICT (address) DO UPDATE
          SET name = excluded.name, roles = excluded.roles, version = excluded.version,
              pid = excluded.pid, workers = excluded.workers, http = excluded.http,
              pulse = excluded.pulse,
              started = CASE WHEN node.pid = excluded.pid THEN node.started ELSE excluded.started END
          """);

  /** Removes nodes that have been silent for long. */
  private static final String BURY =
      "DELETE FROM node WHERE pulse < clock_timestamp() - interval '10 min'";

  private static final String LIST =
      """
      SELECT address, name, roles, version, pid, workers, http, started,
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
   * A node's entry about itself.
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
   * A node in the register.
   *
   * @param node its entry about itself
   * @param started when its process first reported
   * @param silent how long ago it reported last
   */
  public record NodeStatus(Self node, Instant started, Duration silent) {
    /** A node that is silent for this long is taken for dead; healthy nodes pause less. */
    static final Duration SILENCE = Duration.ofSeconds(15);

    /** Returns whether the node reported recently. */
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
        .read("read the farm's id", session -> session.first(FARM, Nodes::id))
        .orElseThrow();
  }

  /** Returns all registered nodes, dead ones included, the oldest first. */
  public List<NodeStatus> list() {
    return database.read("list the nodes", session -> session.all(LIST, Nodes::entry));
  }

  /**
   * Registers {@code self} as the first node of a new cluster, if no other node is registered.
   *
   * @param gone the addresses of dead nodes, which are removed first
   * @return false if another node is registered, which {@code self} must join
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

  /**
   * Registers {@code self}, or renews its entry. Nodes must call this more often than every 15 s.
   */
  public void pulse(Self self) {
    database.transact(
        "renew this node's entry",
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
            .bind("workers", self.workers())
            .bind("http", self.http().map(URI::toString).orElse(null)));
  }

  /** Removes a node from the register. */
  public void forget(String address) {
    database.transact(
        "remove node " + address,
        session -> session.update(FORGET, (Object) new String[] {address}));
  }

  /**
   * Decides whether one side of a partitioned cluster survives. The first side that asks wins, for
   * the period {@code within}; during it, only members of that side get yes.
   *
   * @param self the address of the node that asks
   * @param side the addresses of the nodes on its side
   * @param within how long the decision holds
   * @return whether the side survives; if not, its nodes must leave the cluster
   */
  public boolean mayGoOn(String self, Collection<String> side, Duration within) {
    return database.transact(
        "decide which side of the cluster survives",
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
            row.getInt("workers"),
            Optional.ofNullable(http).map(URI::create)),
        row.getTimestamp("started").toInstant(),
        Duration.ofMillis(Math.round(1000 * row.getDouble("silent"))));
  }
}
