package glimt.training;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.media.ContactSheet.Cell;
import glimt.media.Picture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NamingSheetTest {

  @Test
  void the_key_names_what_lies_under_each_number(@TempDir Path folder) throws IOException {
    List<Cell> results =
        IntStream.range(0, 12)
            .mapToObj(i -> new Cell(Picture.plain(8, 8, i), "thing " + i))
            .toList();
    NamingSheet.write(folder.resolve("new"), results, 4, 8, 3);
    List<String> key = Files.readAllLines(folder.resolve("new").resolve(NamingSheet.KEY));
    var sheet = ImageIO.read(folder.resolve("new").resolve(NamingSheet.SHEET).toFile());
    List<String> seen = new ArrayList<>();
    for (int i = 0;
        i < 12;
        i++) { // a gap of 4 pixels before each square of 8, and labels of height 12
      int blue = sheet.getRGB(4 + i % 4 * 12 + 4, 4 + i / 4 * 24 + 4) & 0xff;
      seen.add("%s\tthing %s".formatted(i + 1, blue));
    }
    assertThat(key).containsExactlyElementsOf(seen);
    assertThat(key.getFirst() + key.get(1) + key.get(2))
        .isNotEqualTo("1\tthing 02\tthing 13\tthing 2");
  }
}
