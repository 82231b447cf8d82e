package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.json.Json;
import glimt.model.BundleCard;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The catalogue of bundles. It keeps every card that a node ever offered, so that jobs can be
 * planned without a worker.
 */
public final class Bundles {
  private static final NamedSql OFFER =
      NamedSql.of(
          """
          INSERT INTO bundle (digest, name, card, offered)
          VALUES (:digest, :name, :card::jsonb, clock_timestamp())
          ON CONFLICT (digest) DO UPDATE SET offered = excluded.offered
          """);

  private static final String FIND =
      "SELECT digest FROM bundle WHERE name = ? ORDER BY offered DESC LIMIT 1";

  private static final String CARD = "SELECT card FROM bundle WHERE digest = ?";

  /**
   * A card is here if a living worker has it. It is coming if it was offered after the oldest
   * living node started, or if no node has registered.
   */
  private static final String OFFERS =
      """
      WITH living AS MATERIALIZED (%s),
      nodes AS MATERIALIZED (
        SELECT min(started) AS first FROM node
        WHERE pulse > clock_timestamp() - make_interval(secs => ?)),
      held AS (
        SELECT digest, name, offered,
               EXISTS (SELECT FROM living WHERE digest = ANY(living.cards)) AS here
        FROM bundle)
      SELECT DISTINCT ON (name) digest, here,
             offered >= coalesce(first, '-infinity') AS coming
      FROM held, nodes
      ORDER BY name, here DESC, offered DESC
      """
          .formatted(Workers.LIVING);

  private static final String LIST =
      "SELECT DISTINCT ON (name) digest FROM bundle ORDER BY name, offered DESC";

  /**
   * A card in the catalogue.
   *
   * @param digest the SHA-256 of its {@code bundle.json}
   */
  public record CatalogueEntry(ArtifactId digest, BundleCard card) {}

  /** Whether a job for a bundle can be expected to be done. */
  public enum Standing {
    /** A living worker has it. */
    HERE,
    /** A living node offers it, but its workers may still be starting. */
    COMING,
    /** No living node offers it any more. */
    GONE
  }

  /** The card that a name refers to now, and whether workers have it. */
  public record Offer(CatalogueEntry bundle, Standing standing) {}

  private final Database database;

  /**
   * The cards that were read, by their digests, so that each is read once: every submission asks
   * for all that are offered, and a digest never stands for another card.
   */
  private final Map<String, BundleCard> cards = new ConcurrentHashMap<>();

  public Bundles(Database database) {
    this.database = database;
  }

  /** Adds a card to the catalogue, or renews it; its name refers to this card from now on. */
  public void offer(ArtifactId digest, BundleCard card) {
    database.transact(
        "offer bundle " + card.name(),
        session ->
            session.update(
                OFFER
                    .bind("digest", digest.sha256())
                    .bind("name", card.name())
                    .bind("card", Json.write(card))));
  }

  /** Returns the card that was offered last under a name. */
  public Optional<CatalogueEntry> find(String name) {
    return database
        .once("find bundle " + name, session -> session.first(FIND, Bundles::digest, name))
        .map(this::entry);
  }

  /** Returns the card with a digest, such as the one that a job was planned with. */
  public Optional<CatalogueEntry> byDigest(ArtifactId digest) {
    return card(digest.sha256()).map(card -> new CatalogueEntry(digest, card));
  }

  /** Returns for every name the card that was offered last, sorted by name. */
  public List<CatalogueEntry> list() {
    return database.once("list bundles", session -> session.all(LIST, Bundles::digest)).stream()
        .map(this::entry)
        .toList();
  }

  /**
   * Returns for every name the card that jobs should use now, sorted by name. A card that a living
   * worker has is preferred to a newer card of the same name that no worker has yet.
   */
  public List<Offer> offers() {
    List<OfferedCard> offered =
        database.once(
            "list the offered bundles",
            session ->
                session.all(
                    OFFERS,
                    row -> new OfferedCard(digest(row), standing(row)),
                    Workers.PATIENCE_SECONDS,
                    Nodes.NodeStatus.SILENCE.toSeconds()));
    return offered.stream().map(one -> new Offer(entry(one.digest()), one.standing())).toList();
  }

  private record OfferedCard(String digest, Standing standing) {}

  private static String digest(ResultSet row) throws SQLException {
    return row.getString("digest");
  }

  private static Standing standing(ResultSet row) throws SQLException {
    if (row.getBoolean("here")) {
      return Standing.HERE;
    }
    return row.getBoolean("coming") ? Standing.COMING : Standing.GONE;
  }

  private CatalogueEntry entry(String digest) {
    return new CatalogueEntry(new ArtifactId(digest), card(digest).orElseThrow());
  }

  /** A card of the catalogue, which keeps it for ever; it is read if it was not read before. */
  private Optional<BundleCard> card(String digest) {
    BundleCard known = cards.get(digest);
    if (known != null) {
      return Optional.of(known);
    }
    Optional<BundleCard> read =
        database
            .once(
                "read bundle " + digest,
                session -> session.first(CARD, row -> row.getString("card"), digest))
            .map(text -> Json.read(text, BundleCard.class));
    read.ifPresent(card -> cards.put(digest, card));
    return read;
  }
}
