package glimt.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class SheetTest {

  @Test
  void a_contact_sheet_holds_frames_and_clouds_with_labels() throws Exception {
    List<ContactSheet.Cell> cells = new ArrayList<>();
    cells.addAll(ContactSheet.strip(Given.cartoon(24, 16, 16), 4, "fish right blue", 120));
    cells.addAll(ContactSheet.strip(Given.cartoon(24, 64, 64), 4, "level 64, 42%", 120));
    for (int turn = 0; turn < 4; turn++) {
      cells.add(
          new ContactSheet.Cell(
              CloudPicture.of(Given.tree(1024 << turn), 120, 35 + 30 * turn, 20),
              "tree " + (1024 << turn)));
    }
    Picture sheet = ContactSheet.of(cells, 4, 120);
    byte[] png = sheet.png();
    Files.write(Path.of("target", "sheet.png"), png);
    var seen = ImageIO.read(new ByteArrayInputStream(png));
    assertThat(seen.getWidth()).isEqualTo(sheet.width());
    assertThat(seen.getRGB(4 + 60, 4 + 20) & 0xffffff).isEqualTo(0x265AC8);
    assertThat(sheet.png()).isEqualTo(png);
  }

  @Test
  void the_nearer_point_hides_the_farther_from_every_side() {
    var two = new PointCloud(new float[] {0, 0, 1, 0, 0, -1}, new byte[] {-1, 0, 0, 0, 0, -1});
    assertThat(middle(CloudPicture.of(two, 33, 0, 0))).containsExactly(-1, 0, 0);
    assertThat(middle(CloudPicture.of(two, 33, 180, 0))).containsExactly(0, 0, -1);
    var upright = new PointCloud(new float[] {0, 1, 0, 0, -1, 0}, new byte[] {0, -1, 0, -1, 0, 0});
    assertThat(middle(CloudPicture.of(upright, 33, 0, 90))).containsExactly(0, -1, 0);
  }

  @Test
  void one_point_is_a_picture_too() {
    var one = new PointCloud(new float[] {5, 5, 5}, new byte[] {1, 2, 3});
    assertThat(middle(CloudPicture.of(one, 16, 10, 10))).containsExactly(1, 2, 3);
  }

  @Test
  void pages_that_cannot_be_are_refused() {
    assertThatIllegalArgumentException().isThrownBy(() -> ContactSheet.of(List.of(), 1, 64));
    assertThatIllegalArgumentException().isThrownBy(() -> CloudPicture.of(Given.tree(8), 0, 0, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new Picture(2, 2, new byte[11]));
  }

  private static byte[] middle(Picture picture) {
    int at = 3 * (picture.height() / 2 * picture.width() + picture.width() / 2);
    return Arrays.copyOfRange(picture.rgb(), at, at + 3);
  }
}
