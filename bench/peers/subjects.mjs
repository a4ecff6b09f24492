// What OpenAuth's tokens say of a user. A schema of any library may check it; none costs the least.
import { createSubjects } from "@openauthjs/openauth/subject";

const schema = { version: 1, vendor: "bench", validate: (value) => ({ value }) };

export const subjects = createSubjects({ user: { "~standard": schema } });
