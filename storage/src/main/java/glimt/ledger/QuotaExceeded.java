package glimt.ledger;

import glimt.job.TenantId;

/** A tenant has as many open jobs as it may have. Nothing was written; one that ends makes room. */
public final class QuotaExceeded extends RuntimeException {
  private static final long serialVersionUID = 1;

  QuotaExceeded(TenantId tenant, int limit, int open) {
    super(
        "tenant %s may have %s jobs waiting and running, and has %s; try again when one has ended"
            .formatted(tenant, limit, open));
  }
}
