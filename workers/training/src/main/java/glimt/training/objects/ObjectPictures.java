package glimt.training.objects;

import glimt.media.CloudPicture;
import glimt.media.ContactSheet;
import glimt.media.Picture;
import glimt.media.PointCloud;
import glimt.training.objects.CloudMakers.Made;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Unselected clouds as people look at them.
 *
 * @param makers to make them by; the caller's to close
 */
record ObjectPictures(CloudMakers makers) {
  private static final double AZIMUTH = 35;
  private static final double ELEVATION = 20;
  private static final int COLUMNS = 8;
  private static final int SIDE = 110;

  private static final int UNNAMED = 40;

  /** Their first seed, so that they are not those of the contact sheet. */
  private static final int NAMED_FROM = 1000;

  /** Unselected clouds to be looked at, one of every prompt; their seeds count from 0. */
  Picture sheet(List<String> prompts) throws InterruptedException {
    return ContactSheet.of(cells(prompts, 0, SIDE), COLUMNS, SIDE);
  }

  /** Forty unselected clouds to be named blindly: of every class, then of the first ones again. */
  List<ContactSheet.Cell> unnamed(ObjectWords words, int side, Consumer<String> watch)
      throws InterruptedException {
    watch.accept("%s clouds to be named".formatted(UNNAMED));
    List<ObjectWords.ObjectClass> classes = words.classes();
    List<String> prompts = new ArrayList<>();
    for (int i = 0; i < UNNAMED; i++) {
      prompts.add(classes.get(i % classes.size()).name());
    }
    return cells(prompts, NAMED_FROM, side);
  }

  private List<ContactSheet.Cell> cells(List<String> prompts, int firstSeed, int side)
      throws InterruptedException {
    List<Asked> asked = new ArrayList<>();
    for (String prompt : prompts) {
      asked.add(new Asked(prompt, -1, firstSeed + asked.size()));
    }
    List<Made> made = makers.make(asked);
    List<ContactSheet.Cell> cells = new ArrayList<>();
    for (int i = 0; i < made.size(); i++) {
      PointCloud cloud = PointCloud.ofRows(made.get(i).dense());
      Picture picture = CloudPicture.of(cloud, side, AZIMUTH, ELEVATION);
      cells.add(new ContactSheet.Cell(picture, prompts.get(i)));
    }
    return List.copyOf(cells);
  }
}
