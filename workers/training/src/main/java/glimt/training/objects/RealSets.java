package glimt.training.objects;

import glimt.training.objects.ObjectClouds.Item;
import glimt.training.objects.RealObjects.Nearest;
import glimt.training.recipe.TrainingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The real objects with which sets of clouds are compared.
 *
 * @param objects all real objects
 * @param items the held-out objects without near-duplicates in training
 * @param held the clouds of {@code items}
 * @param prompts the clouds of real objects by prompt
 */
record RealSets(
    RealObjects objects,
    List<Item> items,
    List<Specimen> held,
    Map<String, List<Specimen>> prompts) {

  /**
   * Selects the objects for comparison.
   *
   * @throws TrainingException if every held-out object has a near-duplicate in training
   */
  static RealSets of(ObjectClouds clouds) {
    RealObjects objects = new RealObjects(clouds);
    List<Item> items = objects.withoutTwins(clouds.heldOut());
    if (items.isEmpty()) {
      throw new TrainingException(
          "each of the %s held-out objects has a near copy among the training objects, so nothing"
                  .formatted(clouds.heldOut().size())
              + " can be measured with them; add more objects");
    }
    return new RealSets(objects, items, objects.specimens(items, 1), objects.byPrompt(2));
  }

  /** The number of sets that give at least this number of clouds. */
  int sets(int clouds) {
    return Math.ceilDiv(clouds, held.size());
  }

  /** Measures generated clouds. */
  Measured measured(ObjectJudge judge, List<Specimen> made) {
    return measured(judge, made, objects::nearest);
  }

  /** Measures sets of training objects, each with one object for each held-out one. */
  Measured standIns(ObjectJudge judge, int sets) {
    List<Specimen> standIns = new ArrayList<>();
    for (int set = 0; set < sets; set++) {
      standIns.addAll(objects.standIns(items, set));
    }
    return measured(judge, standIns, RealSets::itself)
        .ofHeldOut(measured(judge, held, objects::nearest));
  }

  /** Measures the training objects that are nearest to generated clouds. */
  Measured copies(ObjectJudge judge, Measured made) {
    return measured(judge, made.nearest().stream().map(Nearest::copy).toList(), RealSets::itself);
  }

  private Measured measured(
      ObjectJudge judge, List<Specimen> specimens, Function<Specimen, Nearest> nearest) {
    return Measured.of(judge, specimens, held, nearest, prompts);
  }

  private static Nearest itself(Specimen specimen) {
    return new Nearest(specimen, 0);
  }
}
