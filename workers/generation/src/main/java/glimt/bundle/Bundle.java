package glimt.bundle;

import ai.djl.Device;
import ai.djl.engine.Engine;
import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.json.Json;
import glimt.model.BundleCard;
import glimt.model.BytePair;
import glimt.model.ClassNames;
import glimt.model.Codec;
import glimt.model.Expert;
import glimt.model.Fast;
import glimt.model.FirstFrame;
import glimt.model.Level;
import glimt.model.NoPrompt;
import glimt.model.NumberFormat;
import glimt.model.PromptReader;
import glimt.model.Refinement;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A model on disk: a folder with a card, readable network sources, and weights.
 *
 * <p>The card pins every file by its SHA-256, and each file is compared with its digest before it
 * is used. Weights are mapped rather than read, so they take no heap. {@link #open} checks all
 * files at once; {@link #of} reads only the card, and checks each other file when it is first
 * requested.
 */
public final class Bundle {
  /** The file name of the card within the folder. */
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
   * Reads only the card; every other file is read and checked when it is needed.
   *
   * @throws BundleException if the card is missing or invalid; the message gives the cause
   */
  public static Bundle of(Path folder) {
    byte[] written = bytes(folder, CARD);
    return new Bundle(card(folder, written), new ArtifactId(sha256(written)), folder);
  }

  /**
   * Opens a bundle and checks all of it: every file has the digest that the card gives, every
   * network has a source, and its weights are a valid file with the tensors that the source
   * declares.
   *
   * @throws BundleException if a check fails; the message names the file and the cause
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

  /**
   * The file stems of all networks that the card lists: encoders, levels, fast variants and codecs.
   */
  public List<String> networks() {
    List<String> networks = new ArrayList<>();
    card.encoders().forEach(encoder -> networks.add(encoder.network()));
    for (Level level : card.levels()) {
      networks.add(level.network());
      Stream.ofNullable(level.fast()).map(Fast::network).forEach(networks::add);
      Stream.ofNullable(level.expert()).map(Expert::network).forEach(networks::add);
      Stream.ofNullable(level.firstFrame())
          .flatMap(first -> Stream.ofNullable(first.vision()))
          .map(FirstFrame.Vision::network)
          .forEach(networks::add);
      Stream.ofNullable(level.codec()).map(Codec::network).forEach(networks::add);
      Stream.ofNullable(level.codec())
          .flatMap(codec -> Stream.ofNullable(codec.encoding()))
          .map(Codec.LatentEncoding::network)
          .forEach(networks::add);
      Stream.ofNullable(level.refinement())
          .flatMap(refinement -> Stream.ofNullable(refinement.upsampler()))
          .map(Refinement.Upsampler::network)
          .forEach(networks::add);
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

  /** Reads only the card of the bundle in a folder. */
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
          "%s is not a valid card: %s%s".formatted(file, field, broken.getMessage()), broken);
    }
  }

  /** Writes a card into a folder, atomically replacing an existing one. */
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

  /** The bundle's description: its levels, encoders, files and their digests. */
  public BundleCard card() {
    return card;
  }

  /**
   * The SHA-256 of the card. It identifies the whole bundle, because the card holds the digest of
   * every other file.
   */
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

  /**
   * Like {@link #network(String, Precision)}, for a level that is already resolved {@link Level#at
   * at} a quality.
   */
  public Network network(Level level, Precision precision) {
    return network(level.network(), precision, Engine.getEngine("PyTorch").defaultDevice());
  }

  /** Loads any network of the bundle by its file stem onto a device. The caller closes it. */
  Network network(String network, Precision precision, Device device) {
    return network(network, LoraOverlay.NONE, precision, device);
  }

  /** The same with a job's LoRAs laid over its weights. */
  Network network(String network, LoraOverlay overlay, Precision precision, Device device) {
    return TorchNetwork.load(
        card.name() + "/" + network,
        sourceOf(network),
        overlay.isEmpty() ? weights(network) : overlay.over(this, network),
        precision(network, precision),
        device);
  }

  /** What the card says of a network, else the worker's. */
  private Precision precision(String network, Precision worker) {
    NumberFormat format = card.format(network);
    return format == null ? worker : Precision.of(format);
  }

  /**
   * The size in bytes of a network's weights in memory, computed from their headers.
   *
   * @param worker the precision of networks of which the card says none
   */
  public long bytes(String network, Precision worker) {
    return TorchNetwork.bytes(
        weights(network), sourceOf(network).precision(precision(network, worker)));
  }

  /**
   * Compares the weights of a network with their digests again. This is cheap while size and time
   * stamp of the files are unchanged, because digests are cached.
   *
   * @throws BundleException if a file does not match the digest in the card; the message names it
   */
  public void verify(String network) {
    weights(network);
  }

  /** A network's source. A level's fast network shares the source of the level. */
  NetworkSource sourceOf(String network) {
    for (Level level : card.levels()) {
      Fast fast = level.fast();
      if (fast != null && fast.network().equals(network)) {
        return source(level.network() + ".py");
      }
    }
    return source(network + ".py");
  }

  /** Parses a source that the card lists, together with the blocks it imports. */
  public NetworkSource source(String name) {
    return NetworkSource.parse(folder.resolve(name).toString(), text(name), this::block);
  }

  /**
   * The text of a block: the bundle's own copy if it has one, else the library's. In both cases it
   * must have the digest that the card gives, if the card gives one.
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
          "the card %s requires a %s with SHA-256 %s, and this version of glimt has a different one; put the required file into %s"
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
    Safetensors named =
        card.files().containsKey(names)
            ? TensorNames.parse(folder.resolve(names).toString(), text(names))
                .of(folder.resolve(file).toString(), kept)
            : kept;
    if (!card.files().containsKey(merged(network))) {
      return named;
    }
    Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>(named.tensors());
    tensors.putAll(tensors(merged(network)).tensors());
    return new Safetensors(tensors);
  }

  /** The file of those of a network's tensors that stand for others of its weights. */
  public static String merged(String network) {
    return network + ".merged.safetensors";
  }

  /** Maps the tensors of any file that the card lists, such as golden outputs. */
  public Safetensors tensors(String name) {
    pinned(name);
    FileDigest.Stamp before = FileDigest.Stamp.of(inside(folder, name));
    Path file = verified(name);
    Safetensors tensors = Safetensors.map(file);
    if (!FileDigest.Stamp.of(file).equals(before)) {
      throw new BundleException(file + " changed while it was being opened; open the bundle again");
    }
    return tensors;
  }

  /** The UTF-8 text of any file that the card lists. */
  public String text(String name) {
    return new String(checked(name), StandardCharsets.UTF_8);
  }

  /**
   * Opens the tokenizer of a prompt reader from files that the card lists, as {@link Tokenizer#of}
   * does. The caller closes it.
   *
   * @throws IllegalArgumentException if the reader is a {@link WordList}, which needs no tokenizer
   */
  public Tokenizer tokenizer(PromptReader reader) {
    return switch (reader) {
      case WordList _, ClassNames _, NoPrompt _ ->
          throw new IllegalArgumentException("a %s needs no tokenizer".formatted(reader));
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

  /** The path of a file that the card lists, after its digest has been verified. */
  private Path verified(String name) {
    String digest = pinned(name);
    Path file = inside(folder, name);
    same(file, FileDigest.of(file), digest);
    return file;
  }

  private static void same(Path file, String found, String digest) {
    if (!found.equals(digest)) {
      throw new BundleException(
          "%s has SHA-256 %s, but the card requires %s; copy or download the file again"
              .formatted(file, found, digest));
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
          "the card %s lists no file %s; it lists %s"
              .formatted(folder.resolve(CARD), name, new TreeSet<>(card.files().keySet())));
    }
    return digest;
  }

  private static Path inside(Path folder, String name) {
    Path file = folder.resolve(name).normalize();
    if (!file.startsWith(folder.normalize()) || name.isBlank()) {
      throw new BundleException(
          "the card %s lists a file outside its folder: %s".formatted(folder.resolve(CARD), name));
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
