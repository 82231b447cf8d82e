package glimt.safety.c2pa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.media.Ffmpeg;
import glimt.media.Picture;
import glimt.safety.c2pa.ManifestVerdict.State;
import glimt.safety.verify.Evidence;
import glimt.safety.verify.Verifier;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are cut off, lie, or were changed. */
class ManifestReaderTest {
  private static final Provenance MADE =
      new Provenance("m", "ab".repeat(32), "cd".repeat(32), -1, List.of("base"), "cpu", "ef");

  private static @TempDir Path folder;
  private static Signer signer;

  @BeforeAll
  static void makeSigner() throws IOException {
    OwnSigner.makeIn(folder.resolve("signer"));
    signer = Signer.of(folder.resolve("signer"));
  }

  /** A small file of a format, without a manifest. */
  private static byte[] plain(String format) throws IOException {
    return switch (format) {
      case "webp" -> riff("VP8 ", new byte[30]);
      case "mp4" -> mp4();
      default -> {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BufferedImage image = new BufferedImage(9, 7, BufferedImage.TYPE_INT_RGB);
        assertThat(ImageIO.write(image, format, bytes)).isTrue();
        yield bytes.toByteArray();
      }
    };
  }

  private static byte[] riff(String type, byte[] content) {
    return ByteBuffer.allocate(20 + content.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put("RIFF".getBytes(StandardCharsets.US_ASCII))
        .putInt(12 + content.length)
        .put(("WEBP" + type).getBytes(StandardCharsets.US_ASCII))
        .putInt(content.length)
        .put(content)
        .array();
  }

  /** A file whose tables of both widths point to its last box, eight bytes before its end. */
  private static byte[] mp4() {
    byte[] narrow = box("stco", new byte[8], new byte[4]);
    byte[] wide = box("co64", new byte[8], new byte[8]);
    byte[] tables = box("stbl", narrow, wide);
    byte[] moov = box("moov", box("trak", box("mdia", box("minf", tables))));
    byte[] file = new byte[0];
    for (byte[] part : List.of(box("ftyp", "isom0000".getBytes(StandardCharsets.US_ASCII)), moov)) {
      file = joined(file, part);
    }
    int data = file.length + 8;
    file = joined(file, box("mdat", "eight by".getBytes(StandardCharsets.US_ASCII)));
    ByteBuffer bytes = ByteBuffer.wrap(file);
    bytes.putInt(at(file, "stco") + 8, 1).putInt(at(file, "stco") + 12, data);
    bytes.putInt(at(file, "co64") + 8, 1).putLong(at(file, "co64") + 12, data);
    return file;
  }

  private static byte[] box(String type, byte[]... content) {
    byte[] all = new byte[0];
    for (byte[] part : content) {
      all = joined(all, part);
    }
    return ByteBuffer.allocate(8 + all.length)
        .putInt(8 + all.length)
        .put(type.getBytes(StandardCharsets.US_ASCII))
        .put(all)
        .array();
  }

  private static byte[] joined(byte[] one, byte[] other) {
    return ByteBuffer.allocate(one.length + other.length).put(one).put(other).array();
  }

  private static int at(byte[] file, String text) {
    return new String(file, StandardCharsets.ISO_8859_1).indexOf(text);
  }

  private static byte[] signed(String format) throws IOException {
    return SignedFile.of(plain(format), MADE, signer);
  }

  private static ManifestVerdict read(byte[] file) {
    return ManifestReader.read(ByteSource.of(file));
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpeg", "gif", "webp", "mp4"})
  void no_changed_byte_passes(String format) throws IOException {
    byte[] file = signed(format);
    ManifestVerdict whole = read(file);
    assertThat(whole.state()).as(whole.reason()).isEqualTo(State.VALID);
    assertThat(whole.provenance()).isEqualTo(MADE);
    for (int i = 0; i < file.length; i += 19) {
      byte[] changed = file.clone();
      changed[i] ^= 0x20;
      ManifestVerdict verdict = read(changed);
      boolean valid = verdict.state() == State.VALID;
      assertThat(!valid || uncovered(file, i))
          .as("%s: byte %s of %s: %s", format, i, file.length, verdict)
          .isTrue();
    }
  }

  /**
   * Whether a byte is in the part that carries the manifest, or the type of an MP4, which no hash
   * covers: neither says how the file was made.
   */
  private static boolean uncovered(byte[] file, int at) {
    ByteSource source = ByteSource.of(file);
    Container container = Objects.requireNonNull(Container.of(source));
    Container.Held held = container.find(source).orElseThrow();
    int store = at(file, new String(held.store(), StandardCharsets.ISO_8859_1));
    int position = at - store;
    if (store < 0) { // A GIF has a length before every 255 bytes.
      int block = at - (int) held.from() - 14;
      position = block % 256 == 0 ? -1 : block / 256 * 255 + block % 256 - 1;
    }
    boolean carrier = at >= held.from() && at < held.to();
    boolean within = position >= 0 && position < held.store().length;
    return (container instanceof Mp4Container && at < held.from())
        || (carrier && (!within || outsideOfAllContent(held.store(), position)));
  }

  /** Whether a byte of a store is neither in an assertion nor in the claim nor signed. */
  private static boolean outsideOfAllContent(byte[] store, int at) {
    String text = new String(store, StandardCharsets.ISO_8859_1);
    Jumbf manifest = Jumbf.read(store).children().getLast();
    return manifest.children().stream()
        .flatMap(
            part ->
                part.children().isEmpty()
                    ? Stream.of(part.content())
                    : part.children().stream().map(Jumbf::body))
        .noneMatch(
            content -> {
              int from = text.indexOf(new String(content, StandardCharsets.ISO_8859_1));
              return at >= from && at < from + content.length;
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpeg", "gif", "webp", "mp4"})
  void a_file_that_is_cut_off_anywhere_is_not_valid(String format) throws IOException {
    byte[] file = signed(format);
    for (int length = 0; length < file.length; length++) {
      assertThat(read(Arrays.copyOf(file, length)).state())
          .as("%s cut after %s of %s", format, length, file.length)
          .isNotEqualTo(State.VALID);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpeg", "gif", "webp", "mp4"})
  void noise_anywhere_gets_an_answer(String format) throws IOException {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    byte[] file = signed(format);
    Map<State, Integer> seen = new EnumMap<>(State.class);
    for (int i = 0; i < 200; i++) {
      byte[] noisy = file.clone();
      int from = random.nextInt(noisy.length);
      for (int at = from; at < Math.min(noisy.length, from + 1 + random.nextInt(8)); at++) {
        noisy[at] = (byte) random.nextInt();
      }
      seen.merge(read(noisy).state(), 1, Integer::sum);
    }
    Set<State> most = new HashSet<>(seen.keySet());
    assertThat(most).contains(State.INVALID, State.UNREADABLE);
  }

  @Test
  void a_signed_picture_that_can_no_longer_be_decoded_is_still_said_to_be_changed()
      throws Exception {
    byte[] png = SignedFile.of(Picture.plain(100, 80, 0x8080FF).png(), MADE, signer);
    png[png.length - 20] ^= 1; // within the pixels, whose checksum is wrong then
    Evidence found =
        new Verifier(Ffmpeg.unpackedIn(Path.of("target", "ffmpeg")))
            .evidence(Files.write(folder.resolve("changed.png"), png), null);
    assertThat(found.manifest().state()).isEqualTo(State.INVALID);
    assertThat(found.mark()).isEmpty();
  }

  @Test
  void a_size_of_two_to_the_63_is_refused() {
    byte[] huge =
        joined(
            box("ftyp", new byte[8]),
            ByteBuffer.allocate(24)
                .putInt(1)
                .put("uuid".getBytes(StandardCharsets.US_ASCII))
                .putLong(Long.MIN_VALUE)
                .array());
    assertThat(read(huge).state()).isEqualTo(State.UNREADABLE);
    ByteBuffer.wrap(huge).putLong(24, Long.MAX_VALUE);
    assertThat(read(huge).reason()).contains("claims 9223372036854775807 bytes");
  }

  @Test
  void a_sparse_file_of_a_terabyte_is_not_read_into_memory() throws IOException {
    Path file = folder.resolve("huge.png");
    byte[] png = plain("png");
    Files.write(file, Arrays.copyOf(png, 33));
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(1L << 40);
      sparse.seek(33);
      sparse.writeInt(Integer.MAX_VALUE);
      sparse.writeBytes("caBX");
    } catch (IOException e) {
      return; // a file system without sparse files of this size
    }
    ManifestVerdict verdict = ManifestReader.read(file);
    Files.delete(file);
    assertThat(verdict.state()).isEqualTo(State.UNREADABLE);
    assertThat(verdict.reason()).contains("claims 2147483647 bytes, of 4194304 allowed");
  }

  @Test
  void a_file_of_endless_parts_is_given_up() {
    byte[] boxes = new byte[8 * 200_000 + 16];
    ByteBuffer into = ByteBuffer.wrap(boxes).put(box("ftyp", new byte[8]));
    while (into.hasRemaining()) {
      into.put(box("free"));
    }
    assertThat(read(boxes).reason()).contains("more than 100000 parts");
  }

  @Test
  void a_manifest_of_nested_boxes_or_lists_is_refused() throws IOException {
    Jumbf bomb = Jumbf.of("c2ma", "x", new byte[0]);
    for (int i = 0; i < 1000; i++) {
      bomb = Jumbf.of("c2ma", "x", List.of(bomb));
    }
    byte[] file = new PngContainer().insert(plain("png"), bomb.bytes()).file();
    assertThat(read(file).reason()).contains("nested more than 6 deep");

    Jumbf many =
        Jumbf.of("c2pa", "c2pa", Collections.nCopies(2000, Jumbf.of("c2ma", "x", new byte[0])));
    file = new PngContainer().insert(plain("png"), many.bytes()).file();
    assertThat(read(file).reason()).contains("more than 1000 boxes");

    byte[] lists = new byte[100_000];
    Arrays.fill(lists, (byte) 0x81);
    assertThatThrownBy(() -> Cbor.read(lists)).isInstanceOf(UnreadableManifest.class);
    byte[] long4G = {(byte) 0x5a, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 1};
    assertThatThrownBy(() -> Cbor.read(long4G)).isInstanceOf(UnreadableManifest.class);
    byte[] wide = new byte[100_000];
    wide[0] = (byte) 0x9f;
    assertThatThrownBy(() -> Cbor.read(wide)).hasMessageContaining("more than 20000 values");
  }

  @Test
  void the_tables_of_an_mp4_point_to_the_same_bytes_as_before() throws IOException {
    byte[] plain = plain("mp4");
    byte[] file = signed("mp4");
    int data = file.length - 8;
    assertThat(ByteBuffer.wrap(plain).getInt(at(plain, "stco") + 12)).isEqualTo(plain.length - 8);
    assertThat(ByteBuffer.wrap(file).getInt(at(file, "stco") + 12)).isEqualTo(data);
    assertThat(ByteBuffer.wrap(file).getLong(at(file, "co64") + 12)).isEqualTo(data);
  }

  @Test
  void a_long_manifest_fills_many_segments_of_a_JPEG() throws IOException {
    byte[] store = Jumbf.of("c2pa", "c2pa", new byte[200_000]).bytes();
    Container.Inserted inserted = new JpegContainer().insert(plain("jpeg"), store);
    Container.Held held = new JpegContainer().find(ByteSource.of(inserted.file())).orElseThrow();
    assertThat(held.store()).isEqualTo(store);
    assertThat(held.from()).isEqualTo(inserted.from());
    assertThat(held.to()).isEqualTo(inserted.to());
    assertThat(ImageIO.read(new ByteArrayInputStream(inserted.file())).getWidth()).isEqualTo(9);
  }

  @Test
  void a_signer_is_made_once_and_only_its_owner_can_read_the_key() throws IOException {
    Path made = folder.resolve("signer");
    byte[] key = Files.readAllBytes(made.resolve("key.pem"));
    OwnSigner.makeIn(made);
    assertThat(Files.readAllBytes(made.resolve("key.pem"))).isEqualTo(key);
    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(made.resolve("key.pem"))))
        .isEqualTo("rw-------");
    try (var files = Files.list(made)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("key.pem", "chain.pem", "root.pem");
    }
  }

  @Test
  void a_signer_that_does_not_fit_is_refused_by_name() throws IOException {
    Path made = folder.resolve("signer");
    Path other = Files.createDirectories(folder.resolve("other"));
    OwnSigner.makeIn(folder.resolve("second"));
    Files.copy(made.resolve("key.pem"), other.resolve("key.pem"));
    Files.copy(folder.resolve("second").resolve("chain.pem"), other.resolve("chain.pem"));
    assertThatThrownBy(() -> Signer.of(other)).hasMessageContaining("is not the key of the first");
    Files.delete(other.resolve("chain.pem"));
    Files.copy(made.resolve("root.pem"), other.resolve("chain.pem"));
    assertThatThrownBy(() -> Signer.of(other))
        .hasMessageContaining("must allow digital signatures");
    Files.writeString(other.resolve("key.pem"), "no key");
    assertThatThrownBy(() -> Signer.of(other)).hasMessageContaining("PRIVATE KEY in PEM");
  }
}
