package glimt.safety.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.Format;
import glimt.media.Ffmpeg;
import glimt.media.Frames;
import glimt.media.MediaException;
import glimt.media.Picture;
import glimt.media.Video;
import glimt.safety.watermark.Watermark;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifierTest {
  private final Ffmpeg ffmpeg = Ffmpeg.unpackedIn(Path.of("target", "ffmpeg"));
  private final Verifier verifier = new Verifier(ffmpeg);
  private @TempDir Path folder;

  @Test
  void a_marked_file_has_its_mark_whatever_its_name_is() throws Exception {
    assertThat(found(new Video(ffmpeg).bytes(clip(), Format.MP4))).isEqualTo(77);
    assertThat(found(new Video(ffmpeg).bytes(clip(), Format.WEBM))).isEqualTo(77);
  }

  private int found(byte[] bytes) throws Exception {
    return verifier.evidence(file(bytes), null).mark().orElseThrow().mark();
  }

  @Test
  void a_plain_picture_has_none() throws Exception {
    byte[] png = Picture.plain(100, 80, 0x8080FF).png();
    assertThat(verifier.evidence(file(png), null).mark()).isEmpty();
    byte[] odd = Picture.plain(101, 67, 0x80FF80).jpeg();
    assertThat(verifier.evidence(file(odd), null).mark()).isEmpty();
    byte[] wide = Picture.plain(2001, 33, 0xFF8080).jpeg();
    assertThat(verifier.evidence(file(wide), null).mark()).isEmpty();
  }

  @Test
  void what_is_no_picture_is_refused() throws Exception {
    refused(new byte[0], "is no MP4, WebM, GIF, PNG, JPEG, WebP, GLB or PLY");
    refused("a text\n".getBytes(StandardCharsets.UTF_8), "is no MP4");
    refused("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n".getBytes(StandardCharsets.UTF_8), "is no");
    refused("ffconcat version 1.0\nfile /etc/passwd\n".getBytes(StandardCharsets.UTF_8), "is no");
  }

  @Test
  void a_damaged_file_is_refused() throws Exception {
    byte[] mp4 = new Video(ffmpeg).bytes(clip(), Format.MP4);
    for (int length : new int[] {8, 40, 400}) {
      refused(Arrays.copyOf(mp4, length), "damaged");
    }
    byte[] lying = mp4.clone();
    Arrays.fill(lying, 0, 4, (byte) 0xFF); // the first box says that it has 4 GB
    refused(lying, "damaged");
    refused("GIF89a".getBytes(StandardCharsets.US_ASCII), "damaged");
    refused("RIFF\u0010\0\0\0WEBPVP8 ".getBytes(StandardCharsets.ISO_8859_1), "damaged");
  }

  @Test
  void a_picture_that_says_it_is_huge_is_refused_before_it_is_decoded() throws Exception {
    byte[] png = Picture.plain(16, 16, 0).png();
    for (int i : new int[] {16, 17, 20, 21}) {
      png[i] = 0; // the width and the height, of four bytes each
    }
    png[18] = (byte) 0xEA;
    png[22] = (byte) 0xEA;
    assertThatThrownBy(() -> verifier.evidence(file(png), null))
        .isInstanceOf(MediaException.class)
        .hasMessageMatching("(?s).*(no side may be longer than 8192|damaged).*");
  }

  private void refused(byte[] bytes, String why) throws Exception {
    Path file = file(bytes);
    assertThatThrownBy(() -> verifier.evidence(file, null))
        .isInstanceOf(MediaException.class)
        .hasMessageContaining(why);
  }

  private Path file(byte[] bytes) throws Exception {
    return Files.write(folder.resolve("file.bin"), bytes);
  }

  private static Frames clip() {
    byte[] rgb = new byte[3 * 12 * 128 * 128];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (100 + 60 * Math.sin(i / 3 % 128 / 20.0) + i % 3 * 20);
    }
    return Watermark.marked(new Frames(12, 128, 128, 12, rgb), 77);
  }
}
