import { testDatabases } from "../../../test/support/postgres.ts";
import { describeStorage } from "../contract.test-suite.ts";
import { openStorage } from "../open.ts";

const databases = testDatabases();
let url = "";
describeStorage(
  "PostgreSQL",
  async () => {
    url = await databases.emptied();
    return openStorage(url, ".");
  },
  () => openStorage(url, "."),
);
