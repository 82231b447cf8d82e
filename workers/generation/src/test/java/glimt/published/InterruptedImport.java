package glimt.published;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A process that stops in the middle of an import, to be killed there. */
final class InterruptedImport {
  static final String HERE = "in the middle";

  private InterruptedImport() {}

  /**
   * @param args the published folder, and the folder of bundles
   */
  public static void main(String[] args) throws IOException {
    PublishedFolder from = PublishedFolder.of(Path.of(args[0]), "");
    Path folder = BundleImport.unfinished(Path.of(args[1]));
    BundleDraft draft = new BundleDraft(folder, new Loras(List.of()));
    draft.network("unet", from, "unet", from.className("unet"));
    System.out.println(HERE);
    while (System.in.read() >= 0) {} // until it is killed, or whoever started it is gone
  }
}
