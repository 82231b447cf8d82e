package glimt.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.random.RandomGenerator;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreviewTest {

  @Test
  void a_sheet_shows_every_frame_in_its_place() throws IOException {
    Frames frames = Given.cartoon(24, 64, 64);
    Preview.Sheet sheet = Preview.of(frames);
    assertThat(sheet.frames()).isEqualTo(24);
    assertThat(sheet.columns() * sheet.rows()).isBetween(24, 27);
    BufferedImage seen = ImageIO.read(new ByteArrayInputStream(sheet.bytes()));
    assertThat(seen.getWidth()).isEqualTo(sheet.columns() * sheet.width());
    assertThat(seen.getHeight()).isEqualTo(sheet.rows() * sheet.height());
    for (int i = 0; i < 24; i++) {
      int left = i % sheet.columns() * sheet.width();
      int top = i / sheet.columns() * sheet.height();
      byte[] rgb = frames.picture(i).rgb();
      double off = 0;
      for (int at = 0; at < 64 * 64; at++) {
        int pixel = seen.getRGB(left + at % 64, top + at / 64);
        for (int k = 0; k < 3; k++) {
          off += Math.abs(((pixel >> (16 - 8 * k)) & 0xff) - (rgb[3 * at + k] & 0xff));
        }
      }
      assertThat(off / (3 * 64 * 64)).as("mean error of frame %s", i).isLessThan(4);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "24, 64, 64",
    "8, 16, 16",
    "1, 1, 1",
    "64, 256, 256",
    "500, 32, 32",
    "3, 2, 700",
    "24, 256, 256"
  })
  void no_sheet_is_larger_than_64_kib_even_of_noise(int count, int height, int width) {
    byte[] noise = new byte[3 * count * height * width];
    RandomGenerator.of("L64X128MixRandom").nextBytes(noise);
    Preview.Sheet sheet = Preview.of(new Frames(count, height, width, 8, noise));
    assertThat(sheet.bytes().length).isLessThanOrEqualTo(65_536);
    assertThat(sheet.frames()).isEqualTo(Math.min(count, 64));
    assertThat(sheet.mediaType()).isEqualTo("image/jpeg");
  }

  @Test
  void a_preview_of_points_is_few_and_near() {
    PointCloud cloud = Given.tree(4096);
    byte[] bytes = Preview.of(cloud).bytes();
    assertThat(bytes).hasSize(4 + 9 * 2048);
    var values = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    float scale = values.getFloat();
    PointCloud few = cloud.thinned(2048);
    for (float coordinate : few.xyz()) {
      assertThat(values.getShort() * scale).isCloseTo(coordinate, within(2e-5f));
    }
    byte[] colours = new byte[3 * 2048];
    values.get(colours);
    assertThat(colours).isEqualTo(few.rgb());
    assertThat(Preview.of(new PointCloud(new float[3], new byte[3])).bytes()).hasSize(13);
  }
}
