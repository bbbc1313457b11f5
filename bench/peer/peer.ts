import { createApp } from "./app";
import { openStore } from "./store_single";

export default createApp(openStore);
