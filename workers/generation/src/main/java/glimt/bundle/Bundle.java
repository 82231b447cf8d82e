package glimt.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import glimt.job.ArtifactId;
import glimt.model.BundleCard;
import glimt.model.Fast;
import glimt.model.Level;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/**
 * A model on disk: a folder with a card, readable network sources, and weights.
 *
 * <p>Everything is read and checked when the bundle is opened, so that what runs later is what was
 * checked: the card is well formed, every file it names is there with the digest it names, every
 * level has a source and weights that hold what they claim.
 */
public final class Bundle {
  public static final String CARD = "bundle.json";

  /** How cards are read and written. */
  public static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** A level's network as it lies on disk. */
  private record Stored(NetworkSource source, Safetensors weights) {}

  private final BundleCard card;
  private final ArtifactId digest;
  private final Path folder;
  private final Map<String, byte[]> files;
  private final Map<String, Stored> networks;

  private Bundle(
      BundleCard card,
      ArtifactId digest,
      Path folder,
      Map<String, byte[]> files,
      Map<String, Stored> networks) {
    this.card = card;
    this.digest = digest;
    this.folder = folder;
    this.files = files;
    this.networks = networks;
  }

  /**
   * Opens and checks a bundle.
   *
   * @throws BundleException naming the file and what is wrong with it
   */
  public static Bundle open(Path folder) {
    byte[] written = bytes(folder, CARD);
    BundleCard card = card(folder, written);
    Map<String, byte[]> files = new HashMap<>();
    card.files()
        .forEach(
            (name, digest) -> {
              byte[] bytes = bytes(folder, name);
              String found = sha256(bytes);
              if (!found.equals(digest)) {
                throw new BundleException(
                    "%s has SHA-256 %s where the card says %s"
                        .formatted(folder.resolve(name), found, digest));
              }
              files.put(name, bytes);
            });
    Map<String, Stored> networks = new HashMap<>();
    for (Level level : card.levels()) {
      String file = level.network() + ".py";
      NetworkSource source =
          NetworkSource.parse(
              folder.resolve(file).toString(),
              new String(named(folder, files, file), StandardCharsets.UTF_8));
      networks.put(level.network(), new Stored(source, weights(folder, files, level.network())));
      Fast fast = level.fast();
      if (fast != null) {
        networks.put(fast.network(), new Stored(source, weights(folder, files, fast.network())));
      }
    }
    return new Bundle(card, new ArtifactId(sha256(written)), folder, files, networks);
  }

  private static Safetensors weights(Path folder, Map<String, byte[]> files, String network) {
    String file = network + ".safetensors";
    return Safetensors.parse(folder.resolve(file).toString(), named(folder, files, file));
  }

  /** Reads the card alone, without the files it names. */
  public static BundleCard card(Path folder) {
    return card(folder, bytes(folder, CARD));
  }

  private static BundleCard card(Path folder, byte[] written) {
    Path file = folder.resolve(CARD);
    try {
      return JSON.readValue(written, BundleCard.class);
    } catch (JsonProcessingException broken) {
      Throwable cause = broken.getCause() == null ? broken : broken.getCause();
      String why =
          cause instanceof JsonProcessingException json
              ? json.getOriginalMessage()
              : cause.getMessage();
      throw new BundleException("%s is no card: %s".formatted(file, why), broken);
    } catch (IOException broken) {
      throw new BundleException("cannot read " + file + ": " + broken, broken);
    }
  }

  /** Writes a card, replacing the one there. */
  public static void write(Path folder, BundleCard card) {
    Path file = folder.resolve(CARD);
    Path temporary = folder.resolve(CARD + ".part");
    try {
      JSON.writerWithDefaultPrettyPrinter().writeValue(temporary.toFile(), card);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException broken) {
      throw new BundleException("cannot write " + file + ": " + broken, broken);
    }
  }

  public BundleCard card() {
    return card;
  }

  /** The SHA-256 of the card, and so of the bundle: the card names the digest of every file. */
  public ArtifactId digest() {
    return digest;
  }

  /**
   * Loads the network of a level for one thread. The caller closes it.
   *
   * @throws IllegalArgumentException if the card has no such level
   */
  public Network network(String level, Precision precision) {
    return network(card.level(level), precision);
  }

  /** As {@link #network(String, Precision)}, of a level {@link Level#at at} its quality. */
  public Network network(Level level, Precision precision) {
    Stored stored = networks.get(level.network());
    if (stored == null) {
      throw new IllegalStateException("network " + level.network() + " was not read");
    }
    String name = card.name() + "/" + level.network();
    return Network.of(name, stored.source, stored.weights, precision);
  }

  /** The tensors of another file that the card names, such as golden outputs. */
  public Safetensors tensors(String name) {
    return Safetensors.parse(folder.resolve(name).toString(), named(folder, files, name));
  }

  /** The text of another file that the card names. */
  public String text(String name) {
    return new String(named(folder, files, name), StandardCharsets.UTF_8);
  }

  /** The digest a card names a file by: SHA-256 in lower-case hexadecimal. */
  public static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }

  private static byte[] named(Path folder, Map<String, byte[]> files, String name) {
    byte[] bytes = files.get(name);
    if (bytes == null) {
      throw new BundleException(
          "the card %s names no file %s among %s"
              .formatted(folder.resolve(CARD), name, files.keySet()));
    }
    return bytes;
  }

  private static byte[] bytes(Path folder, String name) {
    Path file = folder.resolve(name).normalize();
    if (!file.startsWith(folder.normalize()) || name.isBlank()) {
      throw new BundleException(
          "the card %s names a file outside of its folder: %s"
              .formatted(folder.resolve(CARD), name));
    }
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException missing) {
      throw new BundleException(file + " is missing", missing);
    } catch (IOException broken) {
      throw new BundleException("cannot read " + file + ": " + broken, broken);
    }
  }
}
