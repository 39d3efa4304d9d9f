import { testDatabases } from "../../../test/support/postgres.ts";
import { describeStorage } from "../contract.test-suite.ts";
import { openStorage } from "../open.ts";

const databases = testDatabases();
describeStorage("PostgreSQL", async () => openStorage(await databases.emptied(), "."));
