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

/** Unselected clouds as people look at them: what is asked for, and the pictures of it. */
record ObjectPictures(ObjectRecipe recipe) {
  private static final double AZIMUTH = 35;
  private static final double ELEVATION = 20;
  private static final int COLUMNS = 8;
  private static final int SIDE = 110;

  private static final int UNNAMED = 40;
  private static final int UNNAMED_SIDE = 144;

  /** Their first seed, so that they are not those of the contact sheet. */
  private static final int UNNAMED_FROM = 1000;

  /** Of a prompt that wants no class, but to be looked at. */
  private static final int ANY_CLASS = -1;

  /** Prompts of the contact sheet, as the recipe lists them; their seeds count from 0. */
  List<Prompt<Integer>> shown() {
    return prompts(recipe.words().shown(), 0);
  }

  /** One cloud of every prompt. */
  Picture sheet(Samples<Integer> samples) {
    return ContactSheet.of(cells(samples, SIDE), COLUMNS, SIDE);
  }

  /** Forty prompts: every class, then the first ones again. */
  List<Prompt<Integer>> unnamed() {
    List<ObjectWords.ObjectClass> classes = recipe.words().classes();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < UNNAMED; i++) {
      names.add(classes.get(i % classes.size()).name());
    }
    return prompts(names, UNNAMED_FROM);
  }

  /** Clouds to be named blindly. */
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
