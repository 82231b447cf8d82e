package glimt.media;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.Format;
import glimt.safety.c2pa.ManifestReader;
import glimt.safety.c2pa.ManifestVerdict;
import glimt.safety.c2pa.ManifestVerdict.State;
import glimt.safety.c2pa.OwnSigner;
import glimt.safety.c2pa.Provenance;
import glimt.safety.c2pa.Sidecar;
import glimt.safety.c2pa.SignedFile;
import glimt.safety.c2pa.Signer;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Files as glimt makes them, signed, and what others say of them. */
class SignedMediaTest {
  private static final Provenance MADE =
      new Provenance(
          "clips",
          "ab".repeat(32),
          "cd".repeat(32),
          7,
          List.of("base", "detail"),
          "cpu avx2 fp32",
          null);

  private static final List<Format> EMBEDDING =
      List.of(Format.MP4, Format.PNG, Format.JPEG, Format.GIF, Format.WEBP, Format.APNG);

  private static @TempDir Path folder;
  private static Signer signer;

  private final Ffmpeg ffmpeg = Given.ffmpeg();

  @BeforeAll
  static void makeSigner() throws Exception {
    OwnSigner.makeIn(folder.resolve("signer"));
    signer = Signer.of(folder.resolve("signer"));
  }

  private byte[] made(Format format) throws Exception {
    return switch (format.kind()) {
      case VIDEO -> new Video(ffmpeg).bytes(Given.cartoon(24, 128, 128), format);
      case IMAGE ->
          new Stills(ffmpeg).bytes(new Picture(128, 128, Given.cartoon(1, 128, 128).rgb()), format);
      case POINTS -> format == Format.PLY ? Ply.bytes(Given.tree(100)) : Glb.bytes(Given.tree(100));
    };
  }

  private static ManifestVerdict verdict(byte[] file) throws Exception {
    return ManifestReader.read(Files.write(folder.resolve("judged"), file));
  }

  private static ManifestVerdict verdict(byte[] file, byte[] sidecar) throws Exception {
    return ManifestReader.read(Files.write(folder.resolve("judged"), file), sidecar);
  }

  @ParameterizedTest
  @EnumSource(
      value = Format.class,
      mode = Mode.EXCLUDE,
      names = {"WEBM", "GLB", "PLY"})
  void a_signed_file_says_how_it_was_made_and_is_the_same_each_time(Format format)
      throws Exception {
    byte[] plain = made(format);
    byte[] signed = SignedFile.of(plain, MADE, signer);

    assertThat(SignedFile.of(plain, MADE, Signer.of(folder.resolve("signer")))).isEqualTo(signed);
    ManifestVerdict verdict = verdict(signed);
    assertThat(verdict.state()).as(verdict.reason()).isEqualTo(State.VALID);
    assertThat(verdict.provenance()).isEqualTo(MADE);
    assertThat(verdict.signer()).isEqualTo("CN=glimt farm,O=glimt");
    assertThat(verdict(plain).state()).isEqualTo(State.ABSENT);
  }

  @ParameterizedTest
  @EnumSource(names = {"WEBM", "GLB", "PLY"})
  void a_format_without_a_place_for_a_manifest_has_it_beside_the_file(Format format)
      throws Exception {
    byte[] plain = made(format);
    assertThat(SignedFile.of(plain, MADE, signer)).isSameAs(plain);
    assertThat(verdict(plain).state()).isEqualTo(State.ABSENT);

    assertThat(Sidecar.suits(plain)).isTrue();
    byte[] sidecar = Sidecar.of(plain, MADE, signer);
    assertThat(Sidecar.of(plain, MADE, Signer.of(folder.resolve("signer")))).isEqualTo(sidecar);
    ManifestVerdict verdict = verdict(plain, sidecar);
    assertThat(verdict.state()).as(verdict.reason()).isEqualTo(State.VALID);
    assertThat(verdict.provenance()).isEqualTo(MADE);

    byte[] changed = plain.clone();
    changed[plain.length / 2] ^= 1;
    assertThat(verdict(changed, sidecar).state()).isEqualTo(State.INVALID);
    byte[] longer = Arrays.copyOf(plain, plain.length + 1);
    assertThat(verdict(longer, sidecar).state()).isEqualTo(State.INVALID);
    byte[] cut = Arrays.copyOf(sidecar, sidecar.length - 9);
    assertThat(verdict(plain, cut).state()).isEqualTo(State.UNREADABLE);
    assertThat(verdict(plain, new byte[5 << 20]).state()).isEqualTo(State.UNREADABLE);
  }

  @Test
  void a_manifest_of_a_file_that_excludes_a_part_of_it_is_not_taken_for_a_sidecar()
      throws Exception {
    byte[] plain = made(Format.PNG);
    byte[] signed = SignedFile.of(plain, MADE, signer);
    int at = new String(signed, StandardCharsets.ISO_8859_1).indexOf("caBX");
    int length = ByteBuffer.wrap(signed, at - 4, 4).getInt();
    byte[] store = Arrays.copyOfRange(signed, at + 4, at + 4 + length);
    assertThat(verdict(plain, store).state()).isEqualTo(State.UNREADABLE);
  }

  @ParameterizedTest
  @EnumSource(names = {"MP4", "GIF", "APNG"})
  void a_signed_video_shows_the_same_frames(Format format) throws Exception {
    byte[] plain = made(format);
    Path before = Files.write(folder.resolve("before." + format.ending()), plain);
    Path after =
        Files.write(folder.resolve("after." + format.ending()), SignedFile.of(plain, MADE, signer));
    Video video = new Video(ffmpeg);
    assertThat(video.read(after).rgb()).isEqualTo(video.read(before).rgb());
  }

  @ParameterizedTest
  @EnumSource(names = {"PNG", "JPEG", "WEBP"})
  void a_signed_picture_shows_the_same_pixels(Format format) throws Exception {
    byte[] plain = made(format);
    byte[] signed = SignedFile.of(plain, MADE, signer);
    assertThat(pixels(signed)).isEqualTo(pixels(plain));
  }

  private byte[] pixels(byte[] file) throws InterruptedException {
    return ffmpeg.run(
        "ffmpeg", List.of("-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"), file);
  }

  @Test
  void the_C2PA_projects_own_library_accepts_each_format_and_rejects_one_changed_byte()
      throws Exception {
    List<Format> all = new ArrayList<>(EMBEDDING);
    all.addAll(List.of(Format.WEBM, Format.GLB, Format.PLY));
    judged("@contentauth/c2pa-node@0.5.5", "c2pa-node.mjs", all);
  }

  @Test
  void another_implementation_accepts_each_format_it_knows_and_rejects_one_changed_byte()
      throws Exception {
    judged(
        "@trustnxt/c2pa-ts@0.9.4",
        "c2pa-ts.mjs",
        List.of(Format.MP4, Format.PNG, Format.JPEG, Format.APNG));
  }

  private void judged(String npm, String script, List<Format> formats) throws Exception {
    Path room = Files.createDirectories(folder.resolve(script));
    Files.writeString(room.resolve("package.json"), "{\"private\":true}");
    Given.install(room, npm);
    Files.copy(
        Path.of(SignedMediaTest.class.getResource("/c2pa/" + script).toURI()),
        room.resolve(script));
    List<String> command = new ArrayList<>(List.of(Given.program("node").toString(), script));
    for (Format format : formats) {
      byte[] plain = made(format);
      byte[] signed = SignedFile.of(plain, MADE, signer);
      String name = "whole." + format.ending();
      Files.write(room.resolve(name), signed);
      if (!EMBEDDING.contains(format)) {
        byte[] sidecar = Sidecar.of(plain, MADE, signer);
        Files.write(room.resolve(name + ".c2pa"), sidecar);
        Files.write(room.resolve("changed." + format.ending() + ".c2pa"), sidecar);
      }
      byte[] changed = signed.clone();
      // A byte of the pixels: only a WebP ends with the manifest.
      changed[format == Format.WEBP ? plain.length / 2 : signed.length - 40] ^= 1;
      String other = "changed." + format.ending();
      Files.write(room.resolve(other), changed);
      command.addAll(List.of(name, other));
      if (EMBEDDING.contains(format)) {
        assertThat(verdict(changed).state()).as(other).isEqualTo(State.INVALID);
      }
    }
    Map<String, String> said = new HashMap<>();
    for (String line : Given.run(room, command).words().split("\n", -1)) {
      String[] words = line.split(" ", 2);
      said.put(words[0], words[words.length - 1]);
    }
    for (Format format : formats) {
      // The certificate is by nobody that a validator knows, which it may say, and must not mind.
      String whole = said.getOrDefault("whole." + format.ending(), said.toString());
      assertThat(Arrays.asList(whole.split(" ", -1)))
          .as(format + ": " + whole)
          .startsWith("Valid")
          .isSubsetOf("Valid", "signingCredential.untrusted");
      String changed = said.getOrDefault("changed." + format.ending(), said.toString());
      assertThat(changed).as(format.toString()).startsWith("Invalid").contains("ash.mismatch");
    }
  }

  @Test
  void signing_costs_little() throws Exception {
    byte[] plain = made(Format.MP4);
    long least = Long.MAX_VALUE;
    int length = 0;
    for (int i = 0; i < 30; i++) {
      long began = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
      length = SignedFile.of(plain, MADE, signer).length;
      least =
          Math.min(least, ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - began);
    }
    System.out.printf(
        java.util.Locale.ROOT,
        "signing a clip of %d bytes: %.1f ms of processor time, %d bytes more%n",
        plain.length,
        least / 1e6,
        length - plain.length);
    assertThat(length).isGreaterThan(plain.length);
  }
}
