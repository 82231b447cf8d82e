package glimt.training.objects;

import glimt.media.CloudPicture;
import glimt.media.ContactSheet;
import glimt.media.Picture;
import glimt.media.PointCloud;
import glimt.training.evaluation.Prompt;
import glimt.training.evaluation.Samples;
import glimt.training.evaluation.Unnamed;
import java.util.ArrayList;
import java.util.List;

/** The prompts and pictures of unselected clouds for visual inspection. */
record ObjectPictures(ObjectRecipe recipe) {
  private static final double AZIMUTH = 35;
  private static final double ELEVATION = 20;
  private static final int COLUMNS = 8;
  private static final int SIDE = 110;

  private static final int UNNAMED = 40;
  private static final int UNNAMED_SIDE = 144;

  /** The first seed of the naming test, which differs from the seeds of the contact sheet. */
  private static final int UNNAMED_FROM = 1000;

  /** The class of a prompt whose result is only inspected visually. */
  private static final int ANY_CLASS = -1;

  /** The prompts of the contact sheet from the recipe, with seeds from 0. */
  List<Prompt<Integer>> shown() {
    return prompts(recipe.words().shown(), 0);
  }

  /** A sheet with one cloud of every prompt. */
  Picture sheet(Samples<Integer> samples) {
    return ContactSheet.of(cells(samples, SIDE), COLUMNS, SIDE);
  }

  /** The forty prompts of the naming test, spread over the classes. */
  List<Prompt<Integer>> unnamed() {
    List<ObjectWords.ObjectClass> classes = recipe.words().classes();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < UNNAMED; i++) {
      names.add(classes.get(i * classes.size() / UNNAMED).name());
    }
    return prompts(names, UNNAMED_FROM);
  }

  /** The clouds of the naming test. */
  Unnamed unnamed(Samples<Integer> samples) {
    return new Unnamed(cells(samples, UNNAMED_SIDE), COLUMNS, UNNAMED_SIDE);
  }

  private static List<Prompt<Integer>> prompts(List<String> texts, long firstSeed) {
    List<Prompt<Integer>> prompts = new ArrayList<>();
    for (String text : texts) {
      prompts.add(new Prompt<>(text, firstSeed + prompts.size(), ANY_CLASS));
    }
    return prompts;
  }

  private static List<ContactSheet.Cell> cells(Samples<Integer> samples, int side) {
    List<ContactSheet.Cell> cells = new ArrayList<>();
    for (int i = 0; i < samples.all().size(); i++) {
      PointCloud cloud = PointCloud.ofRows(samples.all().get(i).seen());
      Picture picture = CloudPicture.of(cloud, side, AZIMUTH, ELEVATION);
      cells.add(new ContactSheet.Cell(picture, samples.prompts().get(i).text()));
    }
    return List.copyOf(cells);
  }
}
