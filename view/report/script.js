"use strict";
// Filter and search. The page is whole without it, so it is the script that shows the tools.
(() => {
	const tools = document.getElementById("tools"), kind = document.getElementById("kind"), words = document.getElementById("words");
	const only = document.getElementById("only"), count = document.getElementById("count");
	const lines = Array.from(document.querySelectorAll(".lines > li:not(.fold)"));
	const sessions = Array.from(document.querySelectorAll("details.session"));
	const folds = Array.from(document.querySelectorAll(".fold"));
	let hits = [], now = -1;

	const unfold = (line) => {
		for (let d = line.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
	};

	const go = (step) => {
		if (hits.length === 0) return;
		if (now >= 0) hits[now].classList.remove("now");
		now = now < 0 ? (step > 0 ? 0 : hits.length - 1) : (now + step + hits.length) % hits.length;
		const line = hits[now];
		line.classList.add("now");
		unfold(line);
		line.scrollIntoView({ block: "center" });
		say();
	};

	const say = () => {
		const shown = lines.reduce((n, l) => n + (l.hidden ? 0 : 1), 0);
		let text = shown === lines.length ? lines.length + " lines" : shown + " of " + lines.length + " lines";
		if (words.value.trim() !== "") text += ", " + (now >= 0 ? "match " + (now + 1) + " of " : "") + hits.length + (now >= 0 ? "" : hits.length === 1 ? " match" : " matches");
		count.textContent = text;
	};

	const update = () => {
		const want = kind.value, search = words.value.trim().toLowerCase().split(/\s+/).filter((w) => w !== "");
		hits = [];
		now = -1;
		for (const line of lines) {
			const right = want === "" || line.classList.contains(want);
			const text = search.length === 0 ? "" : line.textContent.toLowerCase();
			const hit = right && search.length > 0 && search.every((w) => text.includes(w));
			if (hit) hits.push(line);
			line.classList.toggle("hit", hit);
			line.classList.remove("now");
			line.hidden = !right || (only.checked && search.length > 0 && !hit);
		}
		for (const list of [folds, sessions]) {
			for (const part of list) part.hidden = !part.querySelector(".lines > li:not(.fold):not([hidden])") && (want !== "" || search.length > 0) && (want !== "" || only.checked);
		}
		if (want !== "" || (only.checked && search.length > 0)) for (const part of [...sessions, ...folds.map((f) => f.firstElementChild)]) if (!part.hidden) part.open = true;
		say();
	};

	let timer = 0;
	words.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(update, 120); });
	kind.addEventListener("change", update);
	only.addEventListener("change", update);
	tools.addEventListener("submit", (e) => e.preventDefault());
	words.addEventListener("keydown", (e) => {
		if (e.key === "Enter") { e.preventDefault(); go(e.shiftKey ? -1 : 1); }
		if (e.key === "Escape") { words.value = ""; update(); }
	});
	document.addEventListener("keydown", (e) => {
		if (e.key === "/" && !e.ctrlKey && !e.metaKey && !e.altKey && !/^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) { e.preventDefault(); words.focus(); words.select(); }
	});
	const all = (open) => { for (const d of document.querySelectorAll("#transcript details")) d.open = open; };
	document.getElementById("unfold").addEventListener("click", () => all(true));
	document.getElementById("foldall").addEventListener("click", () => all(false));
	// The place in the page may be a line, or a question: report.html#show=bad, #search=words&only=1
	const follow = () => {
		if (/^#(show|search|only)=/.test(location.hash)) {
			const asked = new URLSearchParams(location.hash.slice(1));
			kind.value = asked.get("show") || "";
			if (kind.selectedIndex < 0) kind.value = "";
			words.value = asked.get("search") || "";
			only.checked = asked.get("only") === "1";
			update();
			go(1);
			return;
		}
		const line = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
		if (!line) return;
		if (line.hidden) { kind.value = ""; only.checked = false; update(); }
		unfold(line);
		line.scrollIntoView({ block: "center" });
	};
	addEventListener("hashchange", follow);
	let before = [];
	addEventListener("beforeprint", () => { before = Array.from(document.querySelectorAll("#transcript details:not([open])")); for (const d of before) d.open = true; });
	addEventListener("afterprint", () => { for (const d of before) d.open = false; });
	tools.hidden = false;
	update();
	follow();
})();
