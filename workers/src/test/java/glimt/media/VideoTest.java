package glimt.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.Format;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class VideoTest {

  private static final int NOT_ENLARGED = 1;

  private final Ffmpeg ffmpeg = Given.ffmpeg();
  private final Video video = new Video(ffmpeg);
  private @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"GLB", "PLY"})
  void the_same_frames_are_the_same_bytes(Format format) throws Exception {
    Frames frames = Given.cartoon(8, 64, 64);
    byte[] once = video.bytes(frames, format, 128);
    assertThat(video.bytes(frames, format, 128)).isEqualTo(once);
    assertThat(new String(once, StandardCharsets.ISO_8859_1))
        .doesNotContain("Lavf6", "Lavc6", "202");
  }

  @ParameterizedTest
  @CsvSource({"MP4, 46, 34", "WEBM, 46, 34", "GIF, 45, 42", "PNG, 99, 99"})
  void what_is_written_is_what_was_shown(Format format, double brightness, double colour)
      throws Exception {
    Frames frames = Given.cartoon(24, 64, 64);
    Path file = folder.resolve("fish." + format.ending());
    video.write(frames, format, 128, file);
    Frames seen = video.read(file);

    Frames shown = frames.enlarged(2);
    assertThat(seen)
        .extracting(Frames::count, Frames::height, Frames::width)
        .containsExactly(24, 128, 128);
    assertThat(probe(file, "nb_read_frames")).isEqualTo("24");
    assertThat(seen.fps()).isBetween(11.5, 12.6); // GIF counts in hundredths of a second
    for (int t = 0; t < shown.count(); t++) {
      // Colour at the size 4:2:0 keeps it; its filters alone take these sharp orange edges down to
      // 36 dB.
      assertThat(psnr(luma(shown, t), luma(seen, t)))
          .as("brightness of frame %s", t)
          .isGreaterThan(brightness);
      assertThat(psnr(halved(shown, t), halved(seen, t)))
          .as("colour of frame %s", t)
          .isGreaterThan(colour);
    }
  }

  @Test
  void an_mp4_is_h264_in_hd_colours_that_plays_while_it_loads() throws Exception {
    Path file = folder.resolve("fish.mp4");
    video.write(Given.cartoon(12, 64, 64), Format.MP4, 128, file);
    assertThat(probe(file, "codec_name")).isEqualTo("h264");
    assertThat(probe(file, "profile")).isEqualTo("High");
    assertThat(probe(file, "pix_fmt")).isEqualTo("yuv420p");
    assertThat(probe(file, "color_space")).isEqualTo("bt709");
    assertThat(probe(file, "color_primaries")).isEqualTo("bt709");
    assertThat(probe(file, "color_transfer")).isEqualTo("bt709");
    assertThat(probe(file, "color_range")).isEqualTo("tv");
    assertThat(probe(file, "avg_frame_rate")).isEqualTo("12/1");
    assertThat(boxes(Files.readAllBytes(file))).startsWith("ftyp", "moov").contains("mdat");
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 16, 16",
    "1, 16, 16, 16, 16",
    "128, 16, 16, 128, 128",
    "64, 33, 17, 66, 34",
    "1, 33, 17, 34, 18",
    "100, 9, 3, 108, 36",
    "8, 40, 2, 320, 16"
  })
  void tiny_and_odd_frames_become_playable(
      int atLeast, int width, int height, int shownWidth, int shownHeight) throws Exception {
    Path file = folder.resolve("tiny.mp4");
    video.write(Given.cartoon(3, height, width), Format.MP4, atLeast, file);
    Frames seen = video.read(file);
    assertThat(List.of(seen.count(), seen.width(), seen.height()))
        .containsExactly(3, shownWidth, shownHeight);
  }

  @ParameterizedTest
  @EnumSource(
      value = Format.class,
      names = {"GIF", "PNG"})
  void gif_and_png_keep_odd_sizes(Format format) throws Exception {
    Path file = folder.resolve("odd." + format.ending());
    video.write(Given.cartoon(5, 17, 33), format, NOT_ENLARGED, file);
    Frames seen = video.read(file);
    assertThat(List.of(seen.count(), seen.width(), seen.height())).containsExactly(5, 33, 17);
  }

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"GLB", "PLY"})
  void one_frame_is_a_video_too(Format format) throws Exception {
    Path file = folder.resolve("one." + format.ending());
    video.write(Given.cartoon(1, 32, 32), format, NOT_ENLARGED, file);
    assertThat(video.read(file).count()).isEqualTo(1);
  }

  @Test
  void a_video_that_cannot_be_made_leaves_the_old_file_and_no_other() throws Exception {
    Path file = Files.writeString(folder.resolve("old.mp4"), "old");
    var tooLarge =
        new Frames(1, 4096, 4096, 8, new byte[3 << 24]); // beyond what H.264 has a level for
    assertThatThrownBy(() -> video.write(tooLarge, Format.MP4, NOT_ENLARGED, file))
        .isInstanceOf(MediaException.class)
        .hasMessageContaining("ffmpeg ended with");
    assertThat(file).hasContent("old");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
    Path nowhere = folder.resolve("missing").resolve("a.mp4");
    assertThatThrownBy(
            () -> video.write(Given.cartoon(1, 16, 16), Format.MP4, NOT_ENLARGED, nowhere))
        .isInstanceOf(MediaException.class)
        .hasMessageContaining("No such file or directory");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> video.bytes(Given.cartoon(1, 16, 16), Format.GLB, NOT_ENLARGED))
        .withMessage("a video cannot be written as GLB");
  }

  @Test
  void a_file_that_is_no_video_is_refused() throws Exception {
    Path file = Files.writeString(folder.resolve("words.mp4"), "these are words, not pictures");
    assertThatThrownBy(() -> video.read(file)).isInstanceOf(MediaException.class);
  }

  private String probe(Path file, String entry) throws InterruptedException {
    byte[] said =
        ffmpeg.run(
            "ffprobe",
            List.of(
                "-count_frames",
                "-show_entries",
                "stream=" + entry,
                "-of",
                "csv=p=0",
                file.toString()),
            new byte[0]);
    return new String(said, StandardCharsets.UTF_8).strip().replaceAll(",$", "");
  }

  /** The names of an MP4's outermost boxes, in order (ISO/IEC 14496-12, 4.2). */
  private static List<String> boxes(byte[] file) throws IOException {
    List<String> names = new ArrayList<>();
    var bytes = ByteBuffer.wrap(file);
    while (bytes.hasRemaining()) {
      int size = bytes.getInt();
      byte[] name = new byte[4];
      bytes.get(name);
      names.add(new String(name, StandardCharsets.US_ASCII));
      bytes.position(bytes.position() + size - 8);
    }
    return names;
  }

  private static double[] luma(Frames frames, int frame) {
    byte[] rgb = frames.picture(frame).rgb();
    double[] luma = new double[rgb.length / 3];
    for (int i = 0; i < luma.length; i++) {
      luma[i] =
          0.2126 * (rgb[3 * i] & 0xff)
              + 0.7152 * (rgb[3 * i + 1] & 0xff)
              + 0.0722 * (rgb[3 * i + 2] & 0xff);
    }
    return luma;
  }

  private static double[] halved(Frames frames, int frame) {
    byte[] rgb = frames.picture(frame).scaled(frames.width() / 2, frames.height() / 2).rgb();
    double[] values = new double[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      values[i] = rgb[i] & 0xff;
    }
    return values;
  }

  private static double psnr(double[] a, double[] b) {
    double sum = 1e-9;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return 10 * Math.log10(255 * 255 * a.length / sum);
  }
}
