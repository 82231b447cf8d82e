package glimt.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.Format;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class VideoTest {

  private final Ffmpeg ffmpeg = Given.ffmpeg();
  private final Video video = new Video(ffmpeg);
  private @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"PNG", "JPEG", "WEBP", "GLB", "PLY"})
  void the_same_frames_are_the_same_bytes(Format format) throws Exception {
    Frames frames = Given.cartoon(8, 64, 64).enlarged(2);
    byte[] once = video.bytes(frames, format);
    assertThat(video.bytes(frames, format)).isEqualTo(once);
    assertThat(new String(once, StandardCharsets.ISO_8859_1))
        .doesNotContain("Lavf6", "Lavc6", "202");
  }

  @ParameterizedTest
  @CsvSource({"MP4, 46, 34", "WEBM, 46, 34", "GIF, 45, 42", "APNG, 99, 99"})
  void what_is_written_is_what_was_shown(Format format, double brightness, double colour)
      throws Exception {
    Frames shown = Given.cartoon(24, 64, 64).enlarged(2);
    Path file = folder.resolve("fish." + format.ending());
    video.write(shown, format, file);
    Frames seen = video.read(file);

    assertThat(seen)
        .extracting(Frames::count, Frames::height, Frames::width)
        .containsExactly(24, 128, 128);
    assertThat(probe(file, "nb_read_frames")).isEqualTo("24");
    assertThat(seen.fps()).isBetween(11.5, 12.6); // GIF times frames in hundredths of a second
    for (int t = 0; t < shown.count(); t++) {
      // Compared at the resolution of 4:2:0 colour, whose subsampling alone limits these sharp
      // orange edges to 36 dB.
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
    video.write(Given.cartoon(12, 128, 128), Format.MP4, file);
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
    "MP4, 16, 16",
    "MP4, 18, 34",
    "MP4, 128, 64",
    "WEBM, 1, 1",
    "WEBM, 8, 8",
    "WEBM, 16, 16",
    "WEBM, 33, 17",
    "GIF, 1, 1",
    "GIF, 16, 16",
    "GIF, 33, 17",
    "APNG, 1, 1",
    "APNG, 16, 16",
    "APNG, 33, 17"
  })
  void a_file_has_the_size_the_rate_and_the_count_of_its_frames(
      Format format, int width, int height) throws Exception {
    assertThat(format.holds(width, height)).isTrue();
    Path file = folder.resolve("exact." + format.ending());
    Frames frames = Given.cartoon(6, height, width);
    video.write(frames, format, file);
    assertThat(probe(file, "width,height,nb_read_frames")).isEqualTo(width + "," + height + ",6");
    Frames seen = video.read(file);
    assertThat(List.of(seen.count(), seen.width(), seen.height()))
        .containsExactly(6, width, height);
    if (format == Format.APNG) {
      assertThat(seen.rgb()).isEqualTo(frames.rgb());
    }
  }

  /** The duration in seconds of 24 frames at 12 per second, which GIF rounds to hundredths. */
  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"PNG", "JPEG", "WEBP", "GLB", "PLY"})
  void a_file_lasts_as_long_as_its_frames(Format format) throws Exception {
    Path file = folder.resolve("lasts." + format.ending());
    video.write(Given.cartoon(24, 16, 16), format, file);
    double last = 0;
    double shown = 0;
    for (String frame : frames(file)) {
      String[] times = frame.split(",", -1);
      last = Double.parseDouble(times[0]);
      shown = Double.parseDouble(times[1]);
    }
    assertThat(last + shown).isBetween(1.98, 2.02);
  }

  @Test
  void frames_that_an_mp4_cannot_hold_are_refused() {
    for (int[] size : new int[][] {{17, 16}, {16, 17}, {8, 8}, {14, 64}}) {
      assertThat(Format.MP4.holds(size[0], size[1])).isFalse();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> video.bytes(Given.cartoon(1, size[1], size[0]), Format.MP4))
          .withMessage("MP4 does not support frames of %sx%s pixels", size[0], size[1]);
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"PNG", "JPEG", "WEBP", "GLB", "PLY"})
  void one_frame_is_a_video_too(Format format) throws Exception {
    Path file = folder.resolve("one." + format.ending());
    video.write(Given.cartoon(1, 32, 32), format, file);
    assertThat(video.read(file).count()).isEqualTo(1);
  }

  @Test
  void a_video_that_cannot_be_made_leaves_the_old_file_and_no_other() throws Exception {
    Path file = Files.writeString(folder.resolve("old.mp4"), "old");
    var tooLarge =
        new Frames(1, 4096, 4096, 8, new byte[3 << 24]); // larger than any level of H.264 allows
    assertThatThrownBy(() -> video.write(tooLarge, Format.MP4, file))
        .isInstanceOf(MediaException.class)
        .hasMessageContaining("ffmpeg ended with");
    assertThat(file).hasContent("old");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
    Path nowhere = folder.resolve("missing").resolve("a.mp4");
    assertThatThrownBy(() -> video.write(Given.cartoon(1, 16, 16), Format.MP4, nowhere))
        .isInstanceOf(MediaException.class)
        .hasMessageContaining("No such file or directory");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> video.bytes(Given.cartoon(1, 16, 16), Format.GLB))
        .withMessage("a video cannot be written as GLB");
  }

  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"PNG", "JPEG", "WEBP", "GLB", "PLY"})
  void a_thumbnail_is_the_middle_frame_and_a_sheet_has_them_evenly_spread(Format format)
      throws Exception {
    Path file = folder.resolve("seen." + format.ending());
    Frames frames = Given.cartoon(9, 64, 96);
    video.write(frames, format, file);
    BufferedImage thumbnail =
        ImageIO.read(new ByteArrayInputStream(video.thumbnail(file, frames.count())));
    assertThat(List.of(thumbnail.getWidth(), thumbnail.getHeight())).containsExactly(96, 64);
    int[] middles = new int[] {0, 4, 8};
    double[] unlike =
        Arrays.stream(middles).mapToDouble(t -> distance(frames.picture(t), thumbnail)).toArray();
    assertThat(unlike[1]).as(Arrays.toString(unlike)).isLessThan(6);
    assertThat(unlike[0]).isGreaterThan(2 * unlike[1]);
    assertThat(unlike[2]).isGreaterThan(2 * unlike[1]);

    Preview.Sheet sheet = video.sheet(file, frames.count());
    assertThat(sheet.frames()).isEqualTo(9);
    assertThat(ImageIO.read(new ByteArrayInputStream(sheet.bytes())).getWidth())
        .isEqualTo(sheet.columns() * sheet.width());
    Path many = folder.resolve("many." + format.ending());
    video.write(Given.cartoon(130, 16, 32), format, many);
    assertThat(video.sheet(many, 130).frames()).isEqualTo(44);
  }

  private static double distance(Picture picture, BufferedImage image) {
    double sum = 0;
    for (int at = 0; at < picture.rgb().length; at++) {
      int pixel = at / 3;
      int seen = image.getRGB(pixel % picture.width(), pixel / picture.width());
      sum += Math.abs((picture.rgb()[at] & 0xff) - (seen >> (16 - 8 * (at % 3)) & 0xff));
    }
    return sum / picture.rgb().length;
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

  /** The presentation time and duration of each frame in seconds. */
  private List<String> frames(Path file) throws InterruptedException {
    byte[] said =
        ffmpeg.run(
            "ffprobe",
            List.of(
                "-ignore_loop", // GIF and APNG would repeat forever otherwise
                "1",
                "-show_entries",
                "frame=pts_time,duration_time",
                "-of",
                "csv=p=0",
                file.toString()),
            new byte[0]);
    return new String(said, StandardCharsets.UTF_8).lines().toList();
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
