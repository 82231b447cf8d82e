package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.job.TenantId;
import glimt.json.EnumWord;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The keys of the API, each of a tenant, and the tickets that browsers use in place of a key. Their
 * secrets are returned once, when they are made; the ledger knows only their SHA-256.
 */
public final class ApiKeys {
  /** How long a ticket can be used. */
  public static final Duration TICKET_LIFE = Duration.ofSeconds(60);

  /** The longest label of a key. */
  public static final int LABEL_LIMIT = 100;

  /** The highest rate of a key, in requests a second. */
  public static final double RATE_LIMIT = 10_000;

  private static final Pattern FORM = Pattern.compile("glimt_([0-9a-f]{16})_([\\w-]{43})");

  private static final String CREATE =
      """
      INSERT INTO api_key (id, tenant, hash, scopes, rate, label, created)
      VALUES (?, ?, ?, ?, ?, ?, clock_timestamp()) RETURNING *
      """;

  private static final String REVOKE =
      """
      UPDATE api_key SET revoked = coalesce(revoked, clock_timestamp()) WHERE id = ? RETURNING *
      """;

  private static final String ADD_TICKET =
      """
      WITH expired AS (DELETE FROM ticket WHERE expires < clock_timestamp())
      INSERT INTO ticket (hash, api_key, tenant, expires)
      VALUES (?, ?, ?, clock_timestamp() + make_interval(secs => ?)) RETURNING expires
      """;

  private static final String USE_TICKET =
      """
      DELETE FROM ticket WHERE hash = ? AND expires > clock_timestamp()
        AND (ticket.api_key IS NULL
             OR EXISTS (SELECT FROM api_key AS its WHERE its.id = ticket.api_key AND its.revoked IS NULL))
      RETURNING tenant
      """;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final Database database;

  public ApiKeys(Database database) {
    this.database = database;
  }

  /** What a key allows. */
  public enum Scope {
    /** Submitting, changing, cancelling and deleting jobs. */
    SUBMIT,
    /** Reading jobs and their files. */
    READ,
    /** Everything, for every tenant, and the tenants and keys themselves. */
    ADMIN
  }

  /**
   * A key.
   *
   * @param id its public part
   * @param hash the SHA-256 of the whole key
   * @param rate how many requests a second it may send to each gateway; null for any number
   * @param label what it is for, in its owner's words
   * @param revoked when it was revoked; null if it was not
   */
  public record ApiKey(
      String id,
      TenantId tenant,
      ArtifactId hash,
      Set<Scope> scopes,
      @Nullable Double rate,
      String label,
      Instant created,
      @Nullable Instant revoked) {
    public ApiKey {
      scopes = Set.copyOf(scopes);
    }

    /** Returns whether the text is this key. Takes the same time whatever the text is. */
    public boolean is(String text) {
      return MessageDigest.isEqual(
          HexFormat.of().parseHex(hash.sha256()), HexFormat.of().parseHex(sha256(text)));
    }

    private static ApiKey read(ResultSet row) throws SQLException {
      OffsetDateTime revoked = row.getObject("revoked", OffsetDateTime.class);
      return new ApiKey(
          row.getString("id"),
          new TenantId(row.getString("tenant")),
          new ArtifactId(row.getString("hash")),
          scopes((String[]) row.getArray("scopes").getArray()),
          row.getObject("rate", Double.class),
          row.getString("label"),
          row.getObject("created", OffsetDateTime.class).toInstant(),
          revoked == null ? null : revoked.toInstant());
    }

    private static Set<Scope> scopes(String[] words) {
      return Stream.of(words)
          .map(word -> EnumWord.read(Scope.class, word))
          .collect(Collectors.toUnmodifiableSet());
    }
  }

  /**
   * A new key.
   *
   * @param secret the whole key, which nobody can read again
   */
  public record NewKey(ApiKey key, String secret) {
    /** Omits the secret, to keep it out of logs. */
    @Override
    public String toString() {
      return "key " + key.id();
    }
  }

  /**
   * A new ticket.
   *
   * @param secret the ticket, which nobody can read again
   */
  public record Ticket(String secret, Instant expires) {
    /** Omits the secret, to keep it out of logs. */
    @Override
    public String toString() {
      return "ticket until " + expires;
    }
  }

  /** Returns the public part of a text that has the form of a key, or empty. */
  public static Optional<String> idOf(String text) {
    Matcher form = FORM.matcher(text);
    return form.matches() ? Optional.of(form.group(1)) : Optional.empty();
  }

  /**
   * Makes a key of 256 random bits.
   *
   * @param rate above 0 and at most {@link #RATE_LIMIT}; null for any number
   * @throws InvalidSpec if there is no such tenant, or a value is out of its limits
   */
  public NewKey create(TenantId tenant, Set<Scope> scopes, @Nullable Double rate, String label) {
    if (scopes.isEmpty()) {
      throw new InvalidSpec("scopes", "must be some of submit, read, admin");
    }
    if (rate != null && !(rate > 0 && rate <= RATE_LIMIT)) {
      throw new InvalidSpec("rate", "must be above 0 and at most %s".formatted(RATE_LIMIT));
    }
    if (label.length() > LABEL_LIMIT || label.chars().anyMatch(Character::isISOControl)) {
      throw new InvalidSpec(
          "label", "must be at most %s characters of one line".formatted(LABEL_LIMIT));
    }
    byte[] id = new byte[8];
    RANDOM.nextBytes(id);
    String name = HexFormat.of().formatHex(id);
    String secret = "glimt_%s_%s".formatted(name, secret());
    String[] words = new TreeSet<>(scopes).stream().map(EnumWord::of).toArray(String[]::new);
    return database.act(
        "create a key",
        session -> {
          if (session
              .first("SELECT id FROM tenant WHERE id = ?", row -> row, tenant.value())
              .isEmpty()) {
            throw new InvalidSpec(
                "tenant", "must be a tenant of this farm; `glimt tenants` lists and adds them");
          }
          ApiKey key =
              session
                  .first(
                      CREATE,
                      ApiKey::read,
                      name,
                      tenant.value(),
                      sha256(secret),
                      words,
                      rate,
                      label)
                  .orElseThrow();
          return new NewKey(key, secret);
        });
  }

  /** Returns all keys, also the revoked, by age. */
  public List<ApiKey> all() {
    return database.read(
        "list keys",
        session -> session.all("SELECT * FROM api_key ORDER BY created", ApiKey::read));
  }

  /** Returns whether there is a key that may administer the farm. */
  public boolean hasAdmin() {
    return all().stream()
        .anyMatch(key -> key.revoked() == null && key.scopes().contains(Scope.ADMIN));
  }

  /** Returns a key by its public part, also if it is revoked. */
  public Optional<ApiKey> find(String id) {
    return database.read(
        "find key " + id,
        session -> session.first("SELECT * FROM api_key WHERE id = ?", ApiKey::read, id));
  }

  /** Revokes a key for good. Returns it, or empty if there is none. */
  public Optional<ApiKey> revoke(String id) {
    return database.act("revoke key " + id, session -> session.first(REVOKE, ApiKey::read, id));
  }

  /**
   * Makes a ticket for reading what a tenant has.
   *
   * @param key the public part of the key that asked for it, with which it is revoked; or null
   */
  public Ticket ticket(TenantId tenant, @Nullable String key) {
    String secret = secret();
    return database.transact(
        "make a ticket",
        session ->
            new Ticket(
                secret,
                session
                    .first(
                        ADD_TICKET,
                        row -> row.getObject("expires", OffsetDateTime.class).toInstant(),
                        sha256(secret),
                        key,
                        tenant.value(),
                        (double) TICKET_LIFE.toSeconds())
                    .orElseThrow()));
  }

  /** Uses a ticket up. Returns its tenant, or empty if it is none, was used before, or expired. */
  public Optional<TenantId> use(String ticket) {
    return database.transact(
        "use a ticket",
        session ->
            session.first(
                USE_TICKET, row -> new TenantId(row.getString("tenant")), sha256(ticket)));
  }

  /** 256 random bits as text of 43 characters. */
  static String secret() {
    byte[] bits = new byte[32];
    RANDOM.nextBytes(bits);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
  }

  /** The SHA-256 of a text, in hexadecimal. */
  static String sha256(String text) {
    try {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JVM lacks SHA-256", e);
    }
  }
}
