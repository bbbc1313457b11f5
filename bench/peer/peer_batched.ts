import { createApp } from "./app";
import { openStore } from "./store_batched";

export default createApp(openStore);
