package glimt.training.objects;

import glimt.training.objects.ObjectClouds.Item;
import glimt.training.objects.RealObjects.Nearest;
import glimt.training.recipe.TrainingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The real objects that sets of clouds are compared with.
 *
 * @param items held out, without twins in training
 * @param held the same as they are measured
 * @param prompts real objects under the prompts that ask for them
 */
record RealSets(
    RealObjects objects,
    List<Item> items,
    List<Specimen> held,
    Map<String, List<Specimen>> prompts) {

  /**
   * @throws TrainingException if no held-out object differs from those trained on
   */
  static RealSets of(ObjectClouds clouds) {
    RealObjects objects = new RealObjects(clouds);
    List<Item> items = objects.withoutTwins(clouds.heldOut());
    if (items.isEmpty()) {
      throw new TrainingException(
          "each of the %s objects held out has a near copy among those trained on, so that nothing"
                  .formatted(clouds.heldOut().size())
              + " can be measured by them: more objects are needed");
    }
    return new RealSets(objects, items, objects.specimens(items, 1), objects.byPrompt(2));
  }

  /** How often each held-out object is asked for, to get so many clouds or more. */
  int sets(int clouds) {
    return Math.ceilDiv(clouds, held.size());
  }

  /** Measures clouds that were made. */
  Measured measured(ObjectJudge judge, List<Specimen> made) {
    return measured(judge, made, objects::nearest);
  }

  /** Measures so many sets of objects that were trained on, one for each held out. */
  Measured standIns(ObjectJudge judge, int sets) {
    List<Specimen> standIns = new ArrayList<>();
    for (int set = 0; set < sets; set++) {
      standIns.addAll(objects.standIns(items, set));
    }
    return measured(judge, standIns, RealSets::itself)
        .ofHeldOut(measured(judge, held, objects::nearest));
  }

  /** Measures copies of the trained objects that are nearest to what was made. */
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
