package glimt.bundle;

import ai.djl.Device;
import ai.djl.engine.Engine;
import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.json.Json;
import glimt.model.BundleCard;
import glimt.model.BytePair;
import glimt.model.Codec;
import glimt.model.Fast;
import glimt.model.Level;
import glimt.model.PromptReader;
import glimt.model.Unigram;
import glimt.model.WordList;
import glimt.model.WordPiece;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A model on disk: a folder with a card, readable network sources, and weights.
 *
 * <p>What runs is what the card names: a file is compared with its digest before it is used, its
 * weights are mapped where they lie, and nothing of it is kept in the heap. {@link #open} checks
 * everything at once; {@link #of} reads the card alone, and each other file when it is asked for.
 */
public final class Bundle {
  public static final String CARD = "bundle.json";

  private final BundleCard card;
  private final ArtifactId digest;
  private final Path folder;

  private Bundle(BundleCard card, ArtifactId digest, Path folder) {
    this.card = card;
    this.digest = digest;
    this.folder = folder;
  }

  /**
   * Reads the card, and nothing else: every other file is read and checked when it is needed.
   *
   * @throws BundleException saying what is wrong with the card
   */
  public static Bundle of(Path folder) {
    byte[] written = bytes(folder, CARD);
    return new Bundle(card(folder, written), new ArtifactId(sha256(written)), folder);
  }

  /**
   * Opens a bundle and checks all of it: every file has the digest the card names, every level has
   * a source, and weights that are what they claim and what the source wants.
   *
   * @throws BundleException naming the file and what is wrong with it
   */
  public static Bundle open(Path folder) {
    Bundle bundle = of(folder);
    for (String name : bundle.card.files().keySet()) {
      if (Blocks.isOne(name)) {
        bundle.block(Blocks.name(name));
      } else {
        bundle.verified(name);
      }
    }
    bundle.networks().forEach(bundle::check);
    return bundle;
  }

  /** The stems of all networks that the card names. */
  public List<String> networks() {
    List<String> networks = new ArrayList<>();
    card.encoders().forEach(encoder -> networks.add(encoder.network()));
    for (Level level : card.levels()) {
      networks.add(level.network());
      Stream.ofNullable(level.fast()).map(Fast::network).forEach(networks::add);
      Stream.ofNullable(level.codec()).map(Codec::network).forEach(networks::add);
    }
    return networks.stream().distinct().toList();
  }

  private void check(String network) {
    NetworkSource source = sourceOf(network);
    Safetensors weights = weights(network);
    source.ports();
    try {
      TorchScript.agree(source, weights);
    } catch (BundleException wrong) {
      throw new BundleException(
          "%s.safetensors: %s".formatted(folder.resolve(network), wrong.getMessage()), wrong);
    }
  }

  /** Reads the card alone, without the files it names. */
  public static BundleCard card(Path folder) {
    return card(folder, bytes(folder, CARD));
  }

  private static BundleCard card(Path folder, byte[] written) {
    Path file = folder.resolve(CARD);
    try {
      return Json.read(new String(written, StandardCharsets.UTF_8), BundleCard.class);
    } catch (InvalidSpec broken) {
      String field = broken.field().isEmpty() ? "" : broken.field() + " ";
      throw new BundleException(
          "%s is no card: %s%s".formatted(file, field, broken.getMessage()), broken);
    }
  }

  /** Writes a card, replacing the one there. */
  public static void write(Path folder, BundleCard card) {
    Path file = folder.resolve(CARD);
    Path temporary = folder.resolve(CARD + ".part");
    try {
      Files.writeString(temporary, Json.pretty(card));
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
    return network(level.network(), precision, Engine.getEngine("PyTorch").defaultDevice());
  }

  /** Any network of the bundle by its stem, on a device. */
  Network network(String network, Precision precision, Device device) {
    return TorchNetwork.load(
        card.name() + "/" + network, sourceOf(network), weights(network), precision, device);
  }

  /** How many bytes the weights of a network are in a precision, by what their headers say. */
  public long bytes(String network, Precision precision) {
    return weights(network).tensors().values().stream()
        .mapToLong(tensor -> tensor.values().byteSize() / tensor.dtype().bytes)
        .map(values -> values * precision.dtype.bytes)
        .sum();
  }

  /**
   * Compares the weights of a network with their digests once more, which costs nothing while the
   * files look as they did.
   *
   * @throws BundleException naming a file that is not what the card says
   */
  public void verify(String network) {
    weights(network);
  }

  /** A network's source; that of a level's fast network is the level's. */
  NetworkSource sourceOf(String network) {
    for (Level level : card.levels()) {
      Fast fast = level.fast();
      if (fast != null && fast.network().equals(network)) {
        return source(level.network() + ".py");
      }
    }
    return source(network + ".py");
  }

  /** A source that the card names, with its blocks. */
  public NetworkSource source(String name) {
    return NetworkSource.parse(folder.resolve(name).toString(), text(name), this::block);
  }

  /**
   * The text of a block: the bundle's own copy if it has one, else the library's, and in both cases
   * the one that the card names. A card that names no digest of it leaves it to the library.
   */
  private String block(String name) {
    String file = Blocks.file(name);
    String digest = card.files().get(file);
    if (digest != null && Files.exists(inside(folder, file))) {
      return text(file);
    }
    String text = Blocks.text(name);
    if (digest != null && !Blocks.sha256(text).equals(digest)) {
      throw new BundleException(
          "the card %s names another %s, of SHA-256 %s, than this glimt has; put that file into %s"
              .formatted(folder.resolve(CARD), file, digest, folder.resolve(Blocks.FOLDER)));
    }
    return text;
  }

  /**
   * A network's weights, in one file or in several with an index, under the names of its source.
   */
  Safetensors weights(String network) {
    String file = network + ".safetensors";
    String index = file + ".index.json";
    Safetensors kept =
        card.files().containsKey(index) && !card.files().containsKey(file)
            ? Shards.join(folder.resolve(index).toString(), text(index), this::tensors)
            : tensors(file);
    String names = TensorNames.file(network);
    return card.files().containsKey(names)
        ? TensorNames.parse(folder.resolve(names).toString(), text(names))
            .of(folder.resolve(file).toString(), kept)
        : kept;
  }

  /** The tensors of another file that the card names, such as golden outputs. */
  public Safetensors tensors(String name) {
    pinned(name);
    FileDigest.Stamp before = FileDigest.Stamp.of(inside(folder, name));
    Path file = verified(name);
    Safetensors tensors = Safetensors.map(file);
    if (!FileDigest.Stamp.of(file).equals(before)) {
      throw new BundleException(file + " changed while it was opened");
    }
    return tensors;
  }

  /** The text of another file that the card names. */
  public String text(String name) {
    return new String(checked(name), StandardCharsets.UTF_8);
  }

  /**
   * The tokenizer of a reader whose files the card names, as {@link Tokenizer#of} reads them. The
   * caller closes it.
   *
   * @throws IllegalArgumentException for a list of words, which needs none
   */
  public Tokenizer tokenizer(PromptReader reader) {
    return switch (reader) {
      case WordList _ -> throw new IllegalArgumentException("a list of words reads by itself");
      case BytePair(var files, int length, int padding, boolean marks, boolean lowerCase) ->
          tokenizer(files, new Tokenizer.Rules(length, padding, marks, lowerCase));
      case Unigram(var files, int length, int padding, boolean marks, boolean lowerCase) ->
          tokenizer(files, new Tokenizer.Rules(length, padding, marks, lowerCase));
      case WordPiece(var files, int length, int padding, boolean marks, boolean lowerCase) ->
          tokenizer(files, new Tokenizer.Rules(length, padding, marks, lowerCase));
    };
  }

  private Tokenizer tokenizer(List<String> names, Tokenizer.Rules rules) {
    return Tokenizer.of(names, this::checked, rules);
  }

  private byte[] checked(String name) {
    String digest = pinned(name);
    byte[] bytes = bytes(folder, name);
    same(folder.resolve(name), sha256(bytes), digest);
    return bytes;
  }

  /** A file that the card names, after a comparison of its digest. */
  private Path verified(String name) {
    String digest = pinned(name);
    Path file = inside(folder, name);
    same(file, FileDigest.of(file), digest);
    return file;
  }

  private static void same(Path file, String found, String digest) {
    if (!found.equals(digest)) {
      throw new BundleException(
          "%s has SHA-256 %s where the card says %s".formatted(file, found, digest));
    }
  }

  /**
   * The digest a card names a file by, of any size; it is read once while it looks the same.
   *
   * @throws BundleException if it cannot be read
   */
  public static String sha256(Path file) {
    return FileDigest.of(file);
  }

  /** The digest a card names a file by: SHA-256 in lower-case hexadecimal. */
  public static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }

  private String pinned(String name) {
    String digest = card.files().get(name);
    if (digest == null) {
      throw new BundleException(
          "the card %s names no file %s among %s"
              .formatted(folder.resolve(CARD), name, new TreeSet<>(card.files().keySet())));
    }
    return digest;
  }

  private static Path inside(Path folder, String name) {
    Path file = folder.resolve(name).normalize();
    if (!file.startsWith(folder.normalize()) || name.isBlank()) {
      throw new BundleException(
          "the card %s names a file outside of its folder: %s"
              .formatted(folder.resolve(CARD), name));
    }
    return file;
  }

  private static byte[] bytes(Path folder, String name) {
    Path file = inside(folder, name);
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException missing) {
      throw new BundleException(file + " is missing", missing);
    } catch (IOException broken) {
      throw new BundleException("cannot read " + file + ": " + broken, broken);
    }
  }
}
