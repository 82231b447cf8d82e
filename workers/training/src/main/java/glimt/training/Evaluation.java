package glimt.training;

import glimt.bundle.Bundle;
import glimt.media.Picture;
import glimt.metrics.Figure;
import glimt.model.BundleCard;
import glimt.training.clips.ClipEvaluation;
import glimt.training.clips.ClipMaterial;
import glimt.training.clips.ClipRecipe;
import glimt.training.evaluation.Candidate;
import glimt.training.objects.ObjectEvaluation;
import glimt.training.objects.ObjectMaterial;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.TrainingException;
import glimt.training.shapes.Shapes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How good a bundle is. */
public final class Evaluation {
  static final String SHEET = "sheet.jpg";
  private static final String FIGURES = "figures";

  private Evaluation() {}

  /**
   * Measures a bundle by fixed prompts and seeds.
   *
   * @param folder the bundle's
   * @param data folder of the raw data; without it what needs real samples is left out
   * @param keep whether the card is to tell the figures, and a contact sheet to lie beside it
   * @param watch sees a line now and then
   * @return the figures as a table
   */
  public static String measure(
      Path folder, @Nullable Path data, boolean keep, Consumer<String> watch)
      throws InterruptedException {
    Bundle bundle = Bundle.open(folder);
    Recipe recipe = Recipe.parse(Recipe.FILE, bundle.text(Recipe.FILE));
    byte[][] sheet = new byte[1][];
    List<Figure> figures =
        switch (recipe.dataset()) {
          case "clips", "shapes" -> {
            try (ClipEvaluation evaluation =
                new ClipEvaluation(Candidate.of(bundle), clips(recipe, data), watch)) {
              ClipEvaluation.Report report = evaluation.measure(ClipEvaluation.Extent.CARD);
              Picture picture = report.sheet();
              if (picture != null) {
                sheet[0] = picture.jpeg();
              }
              yield report.figures();
            }
          }
          case "objects" -> objects(bundle, recipe, data, watch, picture -> sheet[0] = picture);
          default ->
              throw new TrainingException(
                  "results of '%s' cannot be measured".formatted(recipe.dataset()));
        };
    String table = Figure.table(figures);
    if (keep) {
      keep(folder, bundle.card(), table, sheet[0]);
    }
    return table;
  }

  /**
   * Measures one network, whatever else is trained already.
   *
   * @param recipeFile beside the sources
   * @param folder of the weights, the classifier's among them
   * @param data folder of the raw data; without it what needs real samples is left out
   * @param level whose network it is
   * @param samples how many are made
   * @param sheet where a contact sheet of the results goes, a PNG picture
   * @param watch sees a line now and then
   * @return the figures as a table
   */
  public static String measure(
      Path recipeFile,
      Path folder,
      @Nullable Path data,
      String level,
      int samples,
      @Nullable Path sheet,
      Consumer<String> watch)
      throws InterruptedException {
    Recipe recipe = Recipe.read(recipeFile);
    if (!List.of("clips", "shapes").contains(recipe.dataset())) {
      throw new TrainingException(
          "single networks of '%s' cannot be measured".formatted(recipe.dataset()));
    }
    Candidate candidate =
        Candidate.unfinished(
            recipeFile,
            folder,
            Recipe.part(recipe.data(), ClipRecipe.class).grammar().vocabulary());
    try (ClipEvaluation evaluation = new ClipEvaluation(candidate, clips(recipe, data), watch)) {
      ClipEvaluation.Report report = evaluation.measure(level, samples);
      Picture picture = report.sheet();
      if (sheet != null && picture != null) {
        Files.write(sheet, picture.png());
      }
      return Figure.table(report.figures());
    } catch (IOException broken) {
      throw new TrainingException("cannot write " + sheet + ": " + broken, broken);
    }
  }

  private static @Nullable ClipMaterial clips(Recipe recipe, @Nullable Path data) {
    return recipe.dataset().equals("shapes")
        ? Shapes.material(recipe)
        : data == null ? null : ClipMaterial.read(recipe, data);
  }

  /**
   * Makes results to be named blindly: see {@link NamingSheet}.
   *
   * @param folder the bundle's
   * @param to where the sheet and its key go
   * @param watch sees a line now and then
   */
  public static void naming(Path folder, Path to, Consumer<String> watch)
      throws InterruptedException {
    Bundle bundle = Bundle.open(folder);
    Recipe recipe = Recipe.parse(Recipe.FILE, bundle.text(Recipe.FILE));
    switch (recipe.dataset()) {
      case "objects" -> {
        try (ObjectEvaluation evaluation = new ObjectEvaluation(bundle)) {
          NamingSheet.write(to, evaluation.unnamed(144, watch), 8, 144, 40);
        }
      }
      case "clips", "shapes" -> {
        try (ClipEvaluation evaluation = new ClipEvaluation(Candidate.of(bundle), null, watch)) {
          NamingSheet.write(to, evaluation.unnamed(), 5, 258, 40);
        }
      }
      default ->
          throw new TrainingException(
              "there is no sheet to name results of '%s' by".formatted(recipe.dataset()));
    }
  }

  private static List<Figure> objects(
      Bundle bundle,
      Recipe recipe,
      @Nullable Path data,
      Consumer<String> watch,
      Consumer<byte[]> see)
      throws InterruptedException {
    try (ObjectEvaluation evaluation = new ObjectEvaluation(bundle)) {
      return evaluation.measure(
          data == null ? null : ObjectMaterial.read(recipe, data), watch, see);
    }
  }

  private static void keep(Path folder, BundleCard card, String table, byte @Nullable [] sheet) {
    Map<String, String> notes = new TreeMap<>(card.notes());
    notes.put(FIGURES, table);
    Map<String, String> files = new TreeMap<>(card.files());
    if (sheet != null) {
      try {
        Files.write(folder.resolve(SHEET), sheet);
      } catch (IOException broken) {
        throw new TrainingException(
            "cannot write " + folder.resolve(SHEET) + ": " + broken, broken);
      }
      files.put(SHEET, Bundle.sha256(sheet));
    }
    Bundle.write(folder, card.with(files, notes));
  }
}
